//! The environment of a function in Lambda.

use std::net::SocketAddr;

use crate::dynamodb::TABLE;
use crate::former_users;
use crate::secrets_manager::ARN;

/// Names and values of environment variables.
pub type Variables = Vec<(&'static str, String)>;

/// The region of a function.
pub const REGION: &str = "eu-west-1";

/// The key that signs the requests of a function.
pub const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";

/// The session token in the requests of a function. The stand-ins accept no other.
pub const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";

/// The variables of every function.
pub fn function(name: &str, memory_mb: u32) -> Variables {
    vec![
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]0".to_owned()),
    ]
}

/// The region, and the credentials that the stand-ins accept.
pub fn credentials() -> Variables {
    vec![
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN.to_owned()),
    ]
}

/// The variables that lead a function to a table, with credentials.
pub fn table(dynamodb: SocketAddr) -> Variables {
    let table = vec![
        ("ACCOUNT_STORE", format!("dynamodb://{TABLE}")),
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{dynamodb}")),
    ];
    [table, credentials()].concat()
}

/// The variables that lead a function to the secret that signs tokens.
pub fn secret(secrets_manager: SocketAddr) -> Variables {
    vec![
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", format!("http://{secrets_manager}")),
        ("JWT_SECRET_ARN", ARN.to_owned()),
    ]
}

/// The variables that lead a function to one that knows the users of another system.
pub fn migration(lambda: SocketAddr) -> Variables {
    vec![
        ("AWS_ENDPOINT_URL_LAMBDA", format!("http://{lambda}")),
        ("MIGRATION_FUNCTION", former_users::ARN.to_owned()),
    ]
}

/// The variables that lead a function to SES.
pub fn ses(ses: SocketAddr) -> Variables {
    vec![("AWS_ENDPOINT_URL_SESV2", format!("http://{ses}")), ("MAIL_FROM", "noreply@example.com".to_owned())]
}
