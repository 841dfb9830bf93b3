//! The accounts of another system, behind a Lambda function of the operator's that is asked about a name that is unknown here.
//!
//! The function gets the event of Cognito's user migration trigger, so that one written for that works:
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html>.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::account::ExternalId;
use crate::aws::lambda::Lambda;
use crate::aws::{Aws, CallError, FunctionArn};
use crate::names::email::Email;
use crate::password::Password;

/// The trigger of a login. A function may know others.
const TRIGGER: &str = "UserMigration_Authentication";

/// Begins of the types of errors that Lambda tells of a function, and no function of a password.
const OF_LAMBDA: [&str; 4] = ["Extension.", "Function.", "Runtime.", "Sandbox."];

/// Upper bound of the type of an error in the log, in bytes.
const MAX_TYPE: usize = 100;

/// The function.
#[derive(Debug)]
pub struct MigrationFunction {
    lambda: Lambda,
    region: String,
}

/// A user whom the function knows by this name and password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MigratedUser {
    /// The id there, if the function tells one as `sub`.
    pub external_id: Option<ExternalId>,
    /// The email, if it is one.
    pub email: Option<Email>,
    /// The other system has confirmed the email.
    pub email_verified: bool,
    /// The user must set another password before a login.
    pub must_reset: bool,
}

/// The function did not tell whether it knows the user. No variant shows anything of its messages.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// It could not be called, or not in time.
    #[error("MIGRATION_FUNCTION cannot be called")]
    Call(#[source] BoxError),
    /// It ended without a result, as for want of time or memory.
    #[error("MIGRATION_FUNCTION has failed: {0}")]
    Failed(String),
    /// It returned another form than the event with a response.
    #[error("MIGRATION_FUNCTION has returned no event")]
    Form,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a function returns: the event with a response, or the error that it has thrown.
#[derive(Deserialize)]
struct Returned {
    response: Option<Response>,
    #[serde(rename = "errorMessage")]
    error_message: Option<String>,
    #[serde(rename = "errorType")]
    error_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    user_attributes: Option<Map<String, Value>>,
    final_user_status: Option<String>,
}

impl From<CallError> for MigrationError {
    fn from(error: CallError) -> Self {
        Self::Call(error.into())
    }
}

impl MigrationFunction {
    /// The function with this ARN. `endpoint` replaces the region's endpoint.
    pub(crate) fn new(aws: &Aws, endpoint: Option<&str>, arn: &FunctionArn) -> Self {
        Self { lambda: Lambda::new(aws, endpoint, arn), region: arn.region().to_owned() }
    }

    /// Asks whether this is the password of a user. `Ok(None)` is a no, for whatever reason: like Cognito, it takes an error that
    /// the function throws for one.
    ///
    /// # Errors
    ///
    /// When the function did not tell.
    pub async fn ask(&self, name: &str, password: &Password) -> Result<Option<MigratedUser>, MigrationError> {
        let returned = self.lambda.invoke(self.event(name, password)).await?;
        read(returned.expose_secret())
    }

    /// The event, with the members of Cognito's that its examples read.
    fn event(&self, name: &str, password: &Password) -> SecretString {
        let event = json!({
            "version": "1",
            "triggerSource": TRIGGER,
            "region": self.region,
            "userPoolId": "serverless-auth",
            "userName": name,
            "callerContext": {
                "awsSdkVersion": concat!("serverless-auth/", env!("CARGO_PKG_VERSION")),
                "clientId": "serverless-auth",
            },
            "request": { "password": password.typed(), "validationData": {}, "clientMetadata": {} },
            "response": {
                "userAttributes": null,
                "forceAliasCreation": null,
                "finalUserStatus": null,
                "messageAction": null,
                "desiredDeliveryMediums": null,
                "enableSMSMFA": null,
            },
        });
        event.to_string().into()
    }
}

fn read(returned: &[u8]) -> Result<Option<MigratedUser>, MigrationError> {
    let returned: Returned = serde_json::from_slice(returned).map_err(|_| MigrationError::Form)?;
    if returned.error_message.is_some() || returned.error_type.is_some() {
        return thrown(returned.error_type.as_deref(), returned.error_message.as_deref());
    }
    let response = returned.response.ok_or(MigrationError::Form)?;
    let Some(attributes) = response.user_attributes.filter(|attributes| !attributes.is_empty()) else {
        return Ok(None);
    };
    let text = |name: &str| attributes.get(name).and_then(Value::as_str);
    Ok(Some(MigratedUser {
        external_id: text("sub").and_then(|id| ExternalId::parse(id).ok()),
        email: text("email").and_then(|email| Email::parse(email).ok()),
        email_verified: text("email_verified") == Some("true")
            || attributes.get("email_verified") == Some(&Value::Bool(true)),
        must_reset: response.final_user_status.as_deref() == Some("RESET_REQUIRED"),
    }))
}

/// An error that the function has thrown is its no. One that Lambda tells is not, and older runtimes tell a time-out without a
/// type: <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html>.
fn thrown(kind: Option<&str>, message: Option<&str>) -> Result<Option<MigratedUser>, MigrationError> {
    let kind = kind.unwrap_or_default();
    let is_timeout = kind.is_empty() && message.is_some_and(|message| message.contains("Task timed out"));
    let is_word =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let shown = if kind.len() <= MAX_TYPE && is_word(kind) { kind } else { "an error of another form" };
    if is_timeout || OF_LAMBDA.iter().any(|begin| kind.starts_with(begin)) {
        return Err(MigrationError::Failed(shown.to_owned()));
    }
    // Its message may be of the password.
    tracing::info!(error_type = shown, "the migration function has thrown an error, which is a no");
    Ok(None)
}

#[cfg(test)]
mod tests;
