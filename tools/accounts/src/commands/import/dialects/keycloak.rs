//! Keycloak: the users of a realm's JSON (`kc.sh export --users realm_file`).

use serde_json::Value;

use super::{Context, Dialect, PLAIN, Unfit};
use crate::commands::import::reason::Reason;
use crate::commands::import::record::Fields;

pub(super) const DIALECT: Dialect = Dialect {
    marks: &["createdTimestamp", "credentials", "disableableCredentialTypes"],
    left_out: &[
        "access",
        "attributes",
        "clientConsents",
        "clientRoles",
        "disableableCredentialTypes",
        "federatedIdentities",
        "federationLink",
        "firstName",
        "groups",
        "lastName",
        "notBefore",
        "origin",
        "realmRoles",
        "requiredActions",
        "self",
        "totp",
    ],
    lacks_hashes: true,
    arrange,
    ..PLAIN
};

fn arrange(fields: &mut Fields, _: &Context<'_>) -> Result<(), Unfit> {
    if fields.remove("serviceAccountClientId").is_some_and(|client| !client.is_null()) {
        return Err(Unfit::Skipped);
    }
    let Some(Value::Array(credentials)) = fields.remove("credentials") else { return Ok(()) };
    let password = credentials.iter().find(|credential| credential.get("type") == Some(&"password".into()));
    let Some(password) = password else { return Ok(()) };
    let hash = hash(password).ok_or_else(|| {
        let reason = Reason::of_column(
            "credentials",
            "The password is of an algorithm or a form that is not known here.",
        );
        Unfit::Refused(reason.or("Without this member, the account comes without a password."))
    })?;
    fields.put("password_hash", hash);
    Ok(())
}

/// The hash as one string. Keycloak keeps its parts as JSON in texts.
fn hash(password: &Value) -> Option<String> {
    let part = |name| serde_json::from_str::<Value>(password.get(name)?.as_str()?).ok();
    let (secret, data) = (part("secretData")?, part("credentialData")?);
    let unpadded = |name| Some(secret.get(name)?.as_str()?.trim_end_matches('='));
    let (salt, key) = (unpadded("salt")?, unpadded("value")?);
    let iterations = data.get("hashIterations")?.as_u64()?;
    // A list of texts in some versions, a text in others.
    let parameter = |name| {
        let value = data.get("additionalParameters")?.get(name)?;
        value.get(0).unwrap_or(value).as_str()
    };
    match data.get("algorithm")?.as_str()? {
        algorithm @ ("pbkdf2" | "pbkdf2-sha256" | "pbkdf2-sha512") => {
            let algorithm = if algorithm == "pbkdf2" { "pbkdf2-sha1" } else { algorithm };
            Some(format!("${algorithm}$i={iterations}${salt}${key}"))
        }
        // With `argon2` in front, as Django writes it: the password as it was typed.
        "argon2" => {
            let (kind, memory, lanes) = (parameter("type")?, parameter("memory")?, parameter("parallelism")?);
            let version = if parameter("version")? == "1.0" { 16 } else { 19 };
            Some(format!("argon2$argon2{kind}$v={version}$m={memory},t={iterations},p={lanes}${salt}${key}"))
        }
        _ => None,
    }
}
