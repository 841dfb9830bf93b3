//! Supabase's table `auth.users`, as CSV or JSON.

use super::{Context, Dialect, PLAIN, Unfit};
use crate::commands::import::record::Fields;
use crate::commands::import::values;
use crate::time;

pub(super) const DIALECT: Dialect = Dialect {
    marks: &["raw_app_meta_data", "email_change_token_new", "is_sso_user"],
    left_out: &[
        "aud",
        "banned_until",
        "confirmation_sent_at",
        "confirmation_token",
        // The earlier of the times at which email and telephone were confirmed.
        "confirmed_at",
        "deleted_at",
        "email_change",
        "email_change_confirm_status",
        "email_change_sent_at",
        "email_change_token_current",
        "email_change_token_new",
        "instance_id",
        "invited_at",
        "is_anonymous",
        "is_sso_user",
        "is_super_admin",
        "last_sign_in_at",
        "phone",
        "phone_change",
        "phone_change_sent_at",
        "phone_change_token",
        "phone_confirmed_at",
        "raw_app_meta_data",
        "raw_user_meta_data",
        "reauthentication_sent_at",
        "reauthentication_token",
        "recovery_sent_at",
        "recovery_token",
        "role",
        "updated_at",
    ],
    lacks_hashes: true,
    arrange,
    ..PLAIN
};

/// Rows that are marked as deleted are none. A ban is a time until which a user is disabled.
fn arrange(fields: &mut Fields, context: &Context<'_>) -> Result<(), Unfit> {
    let moment = |value| values::given(&value).ok().flatten();
    if fields.remove("deleted_at").and_then(moment).is_some() {
        return Err(Unfit::Skipped);
    }
    if let Some(end) = fields.remove("banned_until").and_then(moment) {
        let is_over = time::parse(&end).is_some_and(|end| end.seconds() <= context.now);
        fields.put("disabled", !is_over);
    }
    Ok(())
}
