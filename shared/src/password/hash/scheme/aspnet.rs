//! The hashes of ASP.NET Core Identity and ASP.NET Identity 2: PBKDF2, with its parameters in the bytes before the key.

use super::pbkdf2::{Digest, Pbkdf2};
use super::{Form, boxed, form};
use crate::password::hash::parts;

pub(super) const FORMS: &[Form] = &[form("", "ASP.NET Identity", |text| boxed(parse(text)))];

/// Shortest salt, in bytes, that Identity takes.
const LEAST_SALT: usize = 16;

/// Base64 of the version and what it defines.
fn parse(text: &str) -> Option<Pbkdf2> {
    let bytes = parts::base64(text)?;
    match bytes.split_first()? {
        (0, rest) if rest.len() == 48 => {
            let (salt, key) = rest.split_at_checked(16)?;
            Pbkdf2::new(Digest::Sha1, 1000, salt.to_vec(), key.to_vec())
        }
        (1, rest) => {
            let (digest, rest) = number(rest)?;
            let (iterations, rest) = number(rest)?;
            let (length, rest) = number(rest)?;
            let (salt, key) = rest.split_at_checked(length.try_into().ok()?)?;
            let digest = match digest {
                0 => Digest::Sha1,
                1 => Digest::Sha256,
                2 => Digest::Sha512,
                _ => return None,
            };
            (salt.len() >= LEAST_SALT && iterations > 0)
                .then(|| Pbkdf2::new(digest, iterations, salt.to_vec(), key.to_vec()))?
        }
        _ => None,
    }
}

/// A number of four bytes, the highest first, and what follows it.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::FORMS;
    use crate::password::hash::scheme::tests::{Row, judge_alike};

    #[test]
    fn hashes_are_judged_as_their_own_software_does() {
        judge_alike(FORMS);
    }

    #[test]
    fn rows_are_bounded() {
        Row {
            scheme: "ASP.NET Identity",
            parameters: "iterations=1000",
            good: "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==",
            allowed: &[],
            costly: &[],
            malformed: &[("AAAB", "BAAB"), ("AAAB", ""), ("Jg==", "JgAA"), ("kCEM", "k*EM")],
        }
        .hold();
        Row {
            scheme: "ASP.NET Identity",
            parameters: "iterations=50",
            good: "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
            allowed: &[("AAIAAAAy", "AAEALcbA"), ("AAIAAAAy", "AAIAD0JA")],
            costly: &[("AAIAAAAy", "AAEALcbB"), ("AAIAAAAy", "AAIAD0JB"), ("AAIAAAAy", "AAL/////")],
            malformed: &[
                ("AQAAAAI", "AQAAAAM"),
                ("AQAAAAI", "AgAAAAI"),
                ("AAIAAAAy", "AAIAAAAA"),
                // Salts of 0, 15, 33 and 4,294,967,295 bytes.
                ("AAAAEOMw", "AAAAAOMw"),
                ("AAAAEOMw", "AAAAD+Mw"),
                ("AAAAEOMw", "AAAAIeMw"),
                ("AAAAEOMw", "/////+Mw"),
            ],
        }
        .hold();
    }
}
