//! Amazon Cognito's CSV, with the header that its import jobs ask for. Cognito hands out no hashes.

use super::{Dialect, PLAIN};
use crate::commands::import::columns::Column;

pub(super) const DIALECT: Dialect = Dialect {
    marks: &["cognito:username"],
    names: &[("cognito:username", Column::Username)],
    left_out: &[
        "address",
        "birthdate",
        "cognito:mfa_enabled",
        "family_name",
        "gender",
        "given_name",
        "locale",
        "middle_name",
        "name",
        "nickname",
        "phone_number",
        "phone_number_verified",
        "picture",
        "preferred_username",
        "profile",
        "updated_at",
        "website",
        "zoneinfo",
    ],
    lacks_hashes: true,
    ..PLAIN
};
