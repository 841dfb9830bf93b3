//! Auth0: the file with password hashes that its support hands out, the job that exports users, and the schema of its imports
//! (<https://auth0.com/docs/manage-users/user-migration>).

use serde_json::Value;

use super::{Context, Dialect, PLAIN, Unfit};
use crate::commands::import::reason::Reason;
use crate::commands::import::record::Fields;
use crate::commands::import::values;

pub(super) const DIALECT: Dialect = Dialect {
    marks: &["_tmp_is_unique", "alt_id", "connection", "custom_password_hash", "identities", "logins_count"],
    left_out: &[
        "_tmp_is_unique",
        "app_metadata",
        "connection",
        "family_name",
        "given_name",
        "identities",
        "last_ip",
        "last_login",
        "last_password_reset",
        "logins_count",
        "mfa_factors",
        "multifactor",
        "multifactor_last_modified",
        "name",
        "nickname",
        "password_set_date",
        "phone_number",
        "phone_verified",
        "picture",
        "tenant",
        "updated_at",
        "user_metadata",
        "version",
    ],
    lacks_hashes: true,
    arrange,
    ..PLAIN
};

fn arrange(fields: &mut Fields, _: &Context<'_>) -> Result<(), Unfit> {
    // In the file of support, the id of tokens and of the API is `alt_id` or `_id`, with this in front.
    let alternative = fields.remove("alt_id");
    if let Some(id) = fields.remove("_id")
        && let Ok(Some(id)) = values::given(&alternative.unwrap_or(id))
    {
        fields.put("user_id", format!("auth0|{id}"));
    }
    identifiers(fields);
    let Some(custom) = fields.remove("custom_password_hash").filter(|custom| !custom.is_null()) else {
        return Ok(());
    };
    let text = |pointer| custom.pointer(pointer).and_then(Value::as_str);
    // Only these name their parameters in the hash itself, and so are whole without the rest of the object.
    match (text("/algorithm"), text("/hash/value")) {
        (Some("bcrypt" | "pbkdf2"), Some(hash)) => {
            fields.put("password_hash", hash);
            Ok(())
        }
        // As Django writes it: the hash of the password as it was typed.
        (Some("argon2"), Some(hash)) => {
            fields.put("password_hash", format!("argon2{hash}"));
            Ok(())
        }
        _ => Err(Unfit::Refused(
            Reason::of_column("custom_password_hash", "Its algorithm is not verified here.")
                .or("Without this member, the account comes without a password."),
        )),
    }
}

/// Some users have their address in a list of identifiers alone.
fn identifiers(fields: &mut Fields) {
    let Some(Value::Array(identifiers)) = fields.remove("identifiers") else { return };
    let email = identifiers.iter().find(|identifier| identifier.get("type") == Some(&"email".into()));
    if let Some(email) = email.filter(|_| fields.get("email").is_none()) {
        fields.put("email", email.get("value").cloned().unwrap_or_default());
        fields.put("email_verified", email.get("verified").cloned().unwrap_or_default());
    }
}
