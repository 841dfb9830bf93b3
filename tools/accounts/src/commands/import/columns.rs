//! The columns of an account, and the one table of the names that they have elsewhere.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Column {
    /// The time at which the account was made.
    Created,
    /// True for an account that must not log in.
    Disabled,
    /// The address.
    Email,
    /// True, or a time: mail to the address arrives.
    EmailVerified,
    /// The id in the old system.
    ExternalId,
    /// The password hash.
    Hash,
    /// A UUID that becomes the id of the account, or any other id in the old system.
    Id,
    /// The opposite of `Disabled`.
    IsActive,
    /// The number that ends tokens.
    TokenVersion,
    /// The name to log in with.
    Username,
}

/// The names of each column, ours first. Case, spaces and signs in a name make no difference.
pub(super) const NAMES: &[(Column, &[&str])] = &[
    (Column::Username, &["username", "login", "login_name", "user_login"]),
    (
        Column::Hash,
        &[
            "hash",
            "password",
            "password_hash",
            "encrypted_password",
            "hashed_password",
            "crypted_password",
            "password_digest",
            "user_pass",
        ],
    ),
    (Column::Email, &["email", "email_address", "mail", "user_email"]),
    (
        Column::EmailVerified,
        &[
            "email_verified",
            "is_email_verified",
            "email_confirmed",
            "is_verified",
            "verified",
            "email_verified_at",
            "email_confirmed_at",
            "confirmed_at",
        ],
    ),
    (Column::Id, &["id", "user_id", "uid", "uuid", "pk", "local_id", "sub"]),
    (Column::ExternalId, &["external_id", "old_id", "legacy_id"]),
    (Column::Disabled, &["disabled", "is_disabled", "blocked", "banned", "suspended"]),
    (Column::IsActive, &["is_active", "active", "enabled", "is_enabled"]),
    (
        Column::Created,
        &[
            "created",
            "created_at",
            "date_joined",
            "joined_at",
            "registered_at",
            "user_registered",
            "created_timestamp",
        ],
    ),
    (Column::TokenVersion, &["token_version"]),
];

/// The column that a name means.
pub(super) fn column(name: &str) -> Option<Column> {
    static COLUMNS: LazyLock<HashMap<String, Column>> = LazyLock::new(|| {
        let names = NAMES.iter().flat_map(|(column, names)| names.iter().map(|name| (folded(name), *column)));
        names.collect()
    });
    COLUMNS.get(name).or_else(|| COLUMNS.get(&folded(name))).copied()
}

/// `true` if two names are the same but for case, spaces and signs.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

fn folded(name: &str) -> String {
    letters(name).collect()
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_any_spelling_and_means_one_column() {
        for name in ["passwordHash", "Password Hash", "PASSWORD-HASH", " password_hash "] {
            assert_eq!(column(name), Some(Column::Hash), "{name}");
        }
        assert_eq!(column("_id"), Some(Column::Id));
        assert_eq!(column("name"), None);
        let mut names: Vec<_> =
            NAMES.iter().flat_map(|(_, names)| names.iter()).map(|name| folded(name)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
    #[test]
    fn the_page_of_the_tool_lists_every_name() {
        let page = include_str!("../../../../../docs/accounts.md");
        for name in NAMES.iter().flat_map(|(_, names)| names.iter()) {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }
}
