//! `firebase auth:export users.json`. The hash of a user is whole with the parameters of the project alone, which the console
//! shows (<https://firebase.google.com/docs/cli/auth>).

use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::{Context, Dialect, PLAIN, Unfit};
use crate::commands::import::reason::Reason;
use crate::commands::import::record::Fields;
use crate::exit::CommandError;

pub(super) const DIALECT: Dialect = Dialect {
    marks: &["localId"],
    left_out: &[
        "customAttributes",
        "displayName",
        "lastLoginAt",
        "lastRefreshAt",
        "lastSignedInAt",
        "mfaInfo",
        "passwordUpdatedAt",
        "phoneNumber",
        "photoUrl",
        "providerUserInfo",
        "tenantId",
        "validSince",
        "version",
    ],
    lacks_hashes: true,
    arrange,
    ..PLAIN
};

/// The parameters with which a project makes its hashes. They are secrets of the project.
pub(in crate::commands::import) struct HashConfig {
    /// The string of a hash up to the salt.
    beginning: String,
    /// What follows the hash.
    end: SecretString,
}

impl HashConfig {
    /// Reads the text that the console shows: `hash_config { algorithm: SCRYPT, base64_signer_key: …, … }`.
    pub(in crate::commands::import) fn read(path: &Path) -> Result<Self, CommandError> {
        let text = std::fs::read_to_string(path)
            .map(SecretString::from)
            .map_err(|error| CommandError::new(format!("cannot read {}: {error}", path.display())))?;
        Self::parse(text.expose_secret()).map_err(|missing| {
            CommandError::new(format!(
                "{} has no {missing}; it must be the text `hash_config {{ … }}` of the Firebase console",
                path.display()
            ))
        })
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let find = |name: &'static str| {
            let named = |line: &str| {
                let (key, value) = line.split_once(':')?;
                let key = key.rsplit(['{', ',']).next().unwrap_or(key);
                let is_named = key.trim().trim_matches('"') == name;
                is_named.then(|| value.trim().trim_matches(|c| ",\"} ".contains(c)).to_owned())
            };
            text.lines().find_map(named).filter(|value| !value.is_empty()).ok_or(name)
        };
        if find("algorithm")? != "SCRYPT" {
            return Err("algorithm: SCRYPT");
        }
        let (cost, rounds) = (find("mem_cost")?, find("rounds")?);
        let (separator, key) =
            (find("base64_salt_separator")?, SecretString::from(find("base64_signer_key")?));
        Ok(Self {
            beginning: format!("$firescrypt$ln={cost},r={rounds},p=1"),
            end: format!("${separator}${}", key.expose_secret()).into(),
        })
    }

    fn hash(&self, salt: &str, hash: &str) -> String {
        format!("{}${salt}${hash}{}", self.beginning, self.end.expose_secret())
    }
}

impl fmt::Debug for HashConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashConfig(***)")
    }
}

fn arrange(fields: &mut Fields, context: &Context<'_>) -> Result<(), Unfit> {
    let salt = fields.remove("salt");
    let Some(hash) = fields.text("passwordHash").filter(|hash| !hash.is_empty()) else { return Ok(()) };
    let Some(config) = context.hash_config else {
        let reason =
            Reason::of_column("passwordHash", "A hash of Firebase needs the parameters of its project.");
        return Err(Unfit::Refused(
            reason.or("Put `hash_config { … }` of the console into a file: --hash-config FILE."),
        ));
    };
    let hash = config.hash(salt.as_ref().and_then(|salt| salt.as_str()).unwrap_or_default(), hash);
    fields.put("passwordHash", hash);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_the_console_is_read_as_it_stands() {
        let text = "hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: jxsp+a/b==,\n  base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}\n";
        let config = HashConfig::parse(text).unwrap();
        assert_eq!(
            config.hash("c2FsdA==", "aGFzaA=="),
            "$firescrypt$ln=14,r=8,p=1$c2FsdA==$aGFzaA==$Bw==$jxsp+a/b=="
        );
        assert_eq!(format!("{config:?}"), "HashConfig(***)");
        for (line, missing) in
            [("  rounds: 8,\n", "rounds"), ("  base64_signer_key: jxsp+a/b==,\n", "base64_signer_key")]
        {
            assert_eq!(HashConfig::parse(&text.replace(line, "")).unwrap_err(), missing);
        }
        assert_eq!(HashConfig::parse(&text.replace("SCRYPT", "BCRYPT")).unwrap_err(), "algorithm: SCRYPT");
    }
}
