//! Django's table `auth_user`, and `manage.py dumpdata`.

use super::{Context, Dialect, PLAIN, Unfit, lift};
use crate::commands::import::record::Fields;

/// What accounts here do not have: roles are the business of back ends.
const LEFT_OUT: &[&str] =
    &["first_name", "groups", "is_staff", "is_superuser", "last_login", "last_name", "user_permissions"];

/// The table, as `COPY` or a data frame writes it.
pub(super) const TABLE: Dialect =
    Dialect { marks: &["is_superuser", "date_joined"], left_out: LEFT_OUT, ..PLAIN };

/// `{"model": "auth.user", "pk": 1, "fields": {…}}`. Models without a password are no users.
pub(super) const DUMP: Dialect = Dialect { marks: &["model"], left_out: LEFT_OUT, arrange, ..PLAIN };

fn arrange(fields: &mut Fields, _: &Context<'_>) -> Result<(), Unfit> {
    fields.remove("model");
    lift(fields, "fields");
    if fields.get("password").is_some() { Ok(()) } else { Err(Unfit::Skipped) }
}
