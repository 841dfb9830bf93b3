//! Every environment variable, named and documented here and read nowhere else.

mod lookup;
mod mail;

#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::time::Duration;

pub use crate::aws::{FunctionArn, Roots};
use crate::mail::Sender;
use crate::origins::Origins;
use crate::password::hash::{Cost, PasswordHash};
use crate::session::Lifetimes;
use crate::token::{self, Key, Keys};
use lookup::Lookup;

/// Lower bound of `PASSWORD_MIN_LENGTH`: NIST SP 800-63B allows no less.
const LEAST_MIN_LENGTH: usize = 8;

/// Upper bound of `PASSWORD_MIN_LENGTH`: NIST SP 800-63B demands that 64 characters are permitted.
const MOST_MIN_LENGTH: usize = 64;

#[cfg(feature = "sqlite")]
/// The database of a laptop, in a folder that git and the emulator's file watcher ignore.
const LOCAL_DATABASE: &str = ".local/accounts.db";

/// `iss` and `aud` unless configured.
const SERVICE: &str = "serverless-auth";

/// The configuration, read once per cold start.
#[derive(Debug)]
pub struct Config {
    /// `ACCOUNT_STORE`: `dynamodb://TABLE` or `sqlite://PATH`. Unset: a database in a git-ignored folder.
    pub store: StoreLocation,
    /// `JWT_SECRET_ARN`: a secret in Secrets Manager; or `JWT_SECRET`, `JWT_SECRET_PREVIOUS`: what signs tokens. Unset
    /// with SQLite: a secret made once and kept with the accounts.
    pub secret: SecretSource,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL_SESV2`, or
    /// `AWS_ENDPOINT_URL` for all: where to call if not at AWS itself.
    pub endpoints: Endpoints,
    /// `SSL_CERT_FILE`, `SSL_CERT_DIR`: the certificate authorities to trust, if not Amazon's.
    pub roots: Roots,
    /// `JWT_ISSUER`, `JWT_AUDIENCE` (both `serverless-auth` unless set), `TOKEN_TTL_SECONDS` (1 to 86400; 3600), and of
    /// sessions `SESSION_TOKEN_TTL_SECONDS` (60 to 3600; 900), `SESSION_IDLE_DAYS` (1 to 90; 14), `SESSION_MAX_DAYS` (1 to
    /// 365; 30).
    pub tokens: token::Rules,
    /// `ALLOWED_ORIGINS`: the origins of other hosts whose pages may call the service, separated by commas. On a laptop those
    /// of this machine, else none.
    pub allowed_origins: Origins,
    /// `ARGON2_MEMORY_KIB` (19456), `ARGON2_ITERATIONS` (2): together at least what OWASP recommends.
    pub cost: Cost,
    /// `DECOY_HASH`: a hash of the kind that imported accounts have, which every login computes besides. None.
    pub decoy_hash: Option<PasswordHash>,
    /// `AUTHORIZER_RESPONSE`: `simple` or `iam`; what an HTTP API with payload 2.0 is set up to be answered. `simple`.
    pub authorizer_response: AuthorizerResponse,
    /// `MIGRATION_FUNCTION`: the ARN of a Lambda function that knows the accounts of another system. None.
    pub migration_function: Option<FunctionArn>,
    /// `LOGIN_ATTEMPTS_PER_ADDRESS`: failed logins of one client IP within five minutes; 0, no limit.
    pub login_attempts_per_address: u32,
    /// `REGISTRATIONS_PER_ADDRESS`: how many registrations it may try; 0, no limit.
    pub registrations_per_address: u32,
    /// `MAIL_FROM`, `APP_NAME` (`serverless-auth`), `APP_URL`, `MAIL_TEMPLATE_PREFIX`: who mails are from, and what they say.
    pub sender: Sender,
    /// `VERIFY_EMAIL`: `off` or `required`; `off`.
    pub verify_email: VerifyEmail,
    /// `MAILS_PER_ADDRESS`: requests of one client IP within five minutes that send mail; 0, no limit.
    pub mails_per_address: u32,
    /// `METRICS_NAMESPACE`: the CloudWatch namespace in which requests are counted. Unset: they are not.
    pub metrics_namespace: Option<String>,
    /// `PASSWORD_MIN_LENGTH`: the shortest new password in code points, 8 to 64; 8.
    pub password_min_length: usize,
}

/// The variables that the operator's tool reads. It signs nothing; only its commands for keys need the secret.
#[derive(Debug)]
pub struct OperatorConfig {
    /// `ACCOUNT_STORE`.
    pub store: StoreLocation,
    /// `JWT_SECRET_ARN`. Without it a database file has the secret.
    pub secret_arn: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_SECRETS_MANAGER`, or `AWS_ENDPOINT_URL` for all.
    pub endpoints: Endpoints,
    /// `SSL_CERT_FILE`, `SSL_CERT_DIR`.
    pub roots: Roots,
    /// `ARGON2_MEMORY_KIB`, `ARGON2_ITERATIONS`.
    pub cost: Cost,
    /// `PASSWORD_MIN_LENGTH`.
    pub password_min_length: usize,
    /// `SESSION_IDLE_DAYS`, `SESSION_MAX_DAYS`, `SESSION_TOKEN_TTL_SECONDS`: they tell which sessions are live, and how long
    /// a key is needed.
    pub sessions: Lifetimes,
}

/// A back end and its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoreLocation {
    /// A table of this name.
    DynamoDb(String),
    /// A database file, made if it is not there.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
}

/// The response that an HTTP API with payload 2.0 expects of an authorizer. The event does not tell it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthorizerResponse {
    /// An IAM policy.
    Iam,
    /// `isAuthorized`, where simple responses are enabled.
    Simple,
}

/// The time at which an address belongs to an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VerifyEmail {
    /// At the registration.
    Off,
    /// When a code that was sent to it has come back.
    Required,
}

/// Endpoints that replace those of AWS.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoints {
    /// Instead of DynamoDB's.
    pub dynamodb: Option<String>,
    /// Instead of Lambda's, for the calls of functions.
    pub lambda: Option<String>,
    /// Instead of Secrets Manager's.
    pub secrets_manager: Option<String>,
    /// Instead of SES's.
    pub ses: Option<String>,
}

/// The source of the secret that signs tokens.
#[derive(Debug)]
pub enum SecretSource {
    /// From the environment.
    Given(Keys),
    /// From the database file, where it is made on first use.
    #[cfg(feature = "sqlite")]
    KeptInStore,
    /// From the published key set in the store. Such keys verify and do not sign.
    Published,
    /// From the secret with this ARN in Secrets Manager.
    SecretsManager(String),
}

/// A variable with a wrong value, which is not shown: it may be a secret.
#[derive(Debug, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct ConfigError {
    variable: &'static str,
    problem: String,
}

impl Config {
    /// Reads the configuration from the environment of the process.
    ///
    /// # Errors
    ///
    /// One line that names the variable and its valid values.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::parse(environment)
    }

    /// Reads the configuration by a function that looks each variable up.
    ///
    /// # Errors
    ///
    /// One line that names the variable and its valid values.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = Lookup(&lookup);
        let store = store(&lookup)?;
        let sender = mail::sender(&lookup)?;
        Ok(Self {
            secret: secret(&lookup, &store)?,
            verify_email: mail::verify_email(&lookup, &store, &sender)?,
            store,
            sender,
            endpoints: endpoints(&lookup)?,
            roots: roots(&lookup),
            tokens: token::Rules {
                issuer: lookup.text("JWT_ISSUER", SERVICE)?,
                audience: lookup.text("JWT_AUDIENCE", SERVICE)?,
                ttl: Duration::from_secs(lookup.number(
                    "TOKEN_TTL_SECONDS",
                    3600,
                    1..=token::MAX_TTL.as_secs(),
                )?),
                sessions: lifetimes(&lookup)?,
            },
            allowed_origins: origins(&lookup)?,
            cost: cost(&lookup)?,
            decoy_hash: lookup.get("DECOY_HASH").map(PasswordHash::from_stored),
            authorizer_response: match lookup.text("AUTHORIZER_RESPONSE", "simple")?.as_str() {
                "iam" => AuthorizerResponse::Iam,
                "simple" => AuthorizerResponse::Simple,
                _ => return Err(wrong("AUTHORIZER_RESPONSE", "must be simple or iam")),
            },
            migration_function: migration_function(&lookup)?,
            login_attempts_per_address: lookup.number("LOGIN_ATTEMPTS_PER_ADDRESS", 0, 0..=u32::MAX)?,
            registrations_per_address: lookup.number("REGISTRATIONS_PER_ADDRESS", 0, 0..=u32::MAX)?,
            mails_per_address: lookup.number("MAILS_PER_ADDRESS", 0, 0..=u32::MAX)?,
            metrics_namespace: lookup.namespace("METRICS_NAMESPACE")?,
            password_min_length: password_min_length(&lookup)?,
        })
    }
}

impl OperatorConfig {
    /// Reads the variables of the operator's tool from the environment of the process.
    ///
    /// # Errors
    ///
    /// One line that names the variable and its valid values.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::parse(environment)
    }

    /// Reads the variables of the operator's tool by a function that looks each one up.
    ///
    /// # Errors
    ///
    /// One line that names the variable and its valid values.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = Lookup(&lookup);
        // Else the secret on AWS would change, and its public keys would be published on the laptop.
        if lookup.get("JWT_SECRET_ARN").is_some() && lookup.get("ACCOUNT_STORE").is_none() {
            return Err(wrong("ACCOUNT_STORE", "must be set where JWT_SECRET_ARN is"));
        }
        Ok(Self {
            store: store(&lookup)?,
            secret_arn: lookup.get("JWT_SECRET_ARN"),
            endpoints: endpoints(&lookup)?,
            roots: roots(&lookup),
            cost: cost(&lookup)?,
            password_min_length: password_min_length(&lookup)?,
            sessions: lifetimes(&lookup)?,
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn environment(variable: &str) -> Option<String> {
    match std::env::var(variable) {
        Ok(value) => Some(value),
        Err(std::env::VarError::NotPresent) => None,
        // Text that is not UTF-8 is an error for every variable, as the empty text is.
        Err(std::env::VarError::NotUnicode(_)) => Some(String::new()),
    }
}

fn lifetimes(lookup: &Lookup<'_>) -> Result<Lifetimes, ConfigError> {
    let days = |days: u64| Duration::from_hours(24 * days);
    Ok(Lifetimes {
        access_token: Duration::from_secs(lookup.number("SESSION_TOKEN_TTL_SECONDS", 900, 60..=3600)?),
        idle: days(lookup.number("SESSION_IDLE_DAYS", 14, 1..=90)?),
        max: days(lookup.number("SESSION_MAX_DAYS", 30, 1..=365)?),
    })
}

fn origins(lookup: &Lookup<'_>) -> Result<Origins, ConfigError> {
    const VARIABLE: &str = "ALLOWED_ORIGINS";
    let is_laptop = cfg!(feature = "sqlite");
    let Some(value) = lookup.get(VARIABLE) else {
        return Ok(if is_laptop { Origins::Local } else { Origins::Named(Vec::new()) });
    };
    Origins::parse(&value).ok_or_else(|| {
        wrong(VARIABLE, "must be origins such as https://app.example.com, separated by commas, or *")
    })
}

fn endpoints(lookup: &Lookup<'_>) -> Result<Endpoints, ConfigError> {
    Ok(Endpoints {
        dynamodb: lookup.endpoint("AWS_ENDPOINT_URL_DYNAMODB")?,
        lambda: lookup.endpoint("AWS_ENDPOINT_URL_LAMBDA")?,
        secrets_manager: lookup.endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER")?,
        ses: lookup.endpoint("AWS_ENDPOINT_URL_SESV2")?,
    })
}

fn migration_function(lookup: &Lookup<'_>) -> Result<Option<FunctionArn>, ConfigError> {
    const VARIABLE: &str = "MIGRATION_FUNCTION";
    let Some(value) = lookup.get(VARIABLE) else { return Ok(None) };
    FunctionArn::parse(&value).map(Some).ok_or_else(|| {
        wrong(
            VARIABLE,
            "must be the ARN of a Lambda function, such as arn:aws:lambda:eu-west-1:123456789012:function:NAME",
        )
    })
}

fn password_min_length(lookup: &Lookup<'_>) -> Result<usize, ConfigError> {
    lookup.number("PASSWORD_MIN_LENGTH", LEAST_MIN_LENGTH, LEAST_MIN_LENGTH..=MOST_MIN_LENGTH)
}

fn store(lookup: &Lookup<'_>) -> Result<StoreLocation, ConfigError> {
    const VARIABLE: &str = "ACCOUNT_STORE";
    #[cfg(feature = "sqlite")]
    let default = format!("sqlite://{LOCAL_DATABASE}");
    #[cfg(not(feature = "sqlite"))]
    let default = "unset";
    match lookup.text(VARIABLE, &default)?.split_once("://") {
        Some(("dynamodb", table)) if !table.is_empty() => Ok(StoreLocation::DynamoDb(table.to_owned())),
        #[cfg(feature = "sqlite")]
        Some(("sqlite", path)) if is_plain_path(path) => Ok(StoreLocation::Sqlite(path.into())),
        _ => Err(wrong(VARIABLE, STORES)),
    }
}

/// `false` for what URLs, SQLite or shells give a meaning that it does not have here. Taken as a path, each would make a new
/// database of a strange name.
#[cfg(feature = "sqlite")]
fn is_plain_path(path: &str) -> bool {
    !path.is_empty() && !path.starts_with(['~', ':']) && !path.contains(['?', '#', '%'])
}

/// The values of `ACCOUNT_STORE` that this build supports.
const STORES: &str = if cfg!(feature = "sqlite") {
    "must be dynamodb://TABLE or sqlite://PATH, where a PATH has no ?, # or %, and no ~ or : at its start"
} else {
    "must be dynamodb://TABLE"
};

fn secret(lookup: &Lookup<'_>, store: &StoreLocation) -> Result<SecretSource, ConfigError> {
    let key = |variable| {
        let value = lookup.get(variable);
        value
            .map(|secret| Key::parse(&secret))
            .transpose()
            .map_err(|unfit| wrong(variable, &unfit.to_string()))
    };
    match lookup.text("SIGNING_KEYS", "secret")?.as_str() {
        "public" => return published(lookup),
        "secret" => {}
        _ => return Err(wrong("SIGNING_KEYS", "must be secret or public")),
    }
    if lookup.get("JWT_SECRET_ARN").is_some() {
        for variable in ["JWT_SECRET", "JWT_SECRET_PREVIOUS"] {
            if lookup.get(variable).is_some() {
                return Err(wrong(variable, "must not be set where JWT_SECRET_ARN is"));
            }
        }
        return Ok(SecretSource::SecretsManager(lookup.text("JWT_SECRET_ARN", "")?));
    }
    match (key("JWT_SECRET")?, key("JWT_SECRET_PREVIOUS")?, store) {
        (Some(current), previous, _) => Ok(SecretSource::Given(Keys::new(current, previous))),
        #[cfg(feature = "sqlite")]
        (None, None, StoreLocation::Sqlite(_)) => Ok(SecretSource::KeptInStore),
        (None, None, StoreLocation::DynamoDb(_)) => {
            Err(wrong("JWT_SECRET_ARN", "or JWT_SECRET must be set where accounts live in DynamoDB"))
        }
        (None, Some(_), _) => Err(wrong("JWT_SECRET", "must be set where JWT_SECRET_PREVIOUS is")),
    }
}

fn published(lookup: &Lookup<'_>) -> Result<SecretSource, ConfigError> {
    for variable in ["JWT_SECRET", "JWT_SECRET_ARN", "JWT_SECRET_PREVIOUS"] {
        if lookup.get(variable).is_some() {
            return Err(wrong(variable, "must not be set where SIGNING_KEYS is public"));
        }
    }
    Ok(SecretSource::Published)
}

fn roots(lookup: &Lookup<'_>) -> Roots {
    let given = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|variable| lookup.get(variable).is_some());
    if given { Roots::Given } else { Roots::Amazon }
}

fn cost(lookup: &Lookup<'_>) -> Result<Cost, ConfigError> {
    let memory_kib = lookup.number("ARGON2_MEMORY_KIB", 19_456, 1..=u32::MAX)?;
    let iterations = lookup.number("ARGON2_ITERATIONS", 2, 1..=u32::MAX)?;
    Cost::new(memory_kib, iterations).ok_or_else(|| {
        wrong(
            "ARGON2_MEMORY_KIB",
            "and ARGON2_ITERATIONS must be at least 47104 and 1, 19456 and 2, 12288 and 3, 9216 and 4, \
             or 7168 and 5, and at most 262144 and 16, and 1048576 when multiplied",
        )
    })
}

fn wrong(variable: &'static str, problem: &str) -> ConfigError {
    ConfigError { variable, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE";
    const PREVIOUS: &str = "another-Secret-0f-thirty-two-byt3s";

    fn parse(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let find = |name: &str| variables.iter().find(|(variable, _)| *variable == name);
        Config::parse(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_configured_is_a_laptop() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.store, StoreLocation::Sqlite(".local/accounts.db".into()));
        assert!(matches!(config.secret, SecretSource::KeptInStore));
        assert_eq!(config.tokens.ttl, Duration::from_hours(1));
        assert_eq!((config.tokens.issuer.as_str(), config.tokens.audience.as_str()), (SERVICE, SERVICE));
        assert_eq!(config.cost, Cost::DEFAULT);
        assert_eq!(config.decoy_hash, None);
        assert_eq!(config.password_min_length, 8);
        assert_eq!(config.roots, Roots::Amazon);
        assert_eq!(config.authorizer_response, AuthorizerResponse::Simple);
        assert_eq!((config.login_attempts_per_address, config.registrations_per_address), (0, 0));
        assert_eq!(config.metrics_namespace, None);
    }

    #[test]
    fn an_operator_needs_no_secret_and_reads_the_same_variables() {
        let lookup = |variables: &'static [(&str, &str)]| {
            move |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            }
        };
        let nothing = OperatorConfig::parse(lookup(&[])).unwrap();
        assert_eq!(nothing.store, parse(&[]).unwrap().store);
        assert_eq!((nothing.cost, nothing.password_min_length), (Cost::DEFAULT, 8));
        let config = OperatorConfig::parse(lookup(&[
            ("ACCOUNT_STORE", "dynamodb://accounts"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:8000"),
            ("ARGON2_MEMORY_KIB", "12288"),
            ("ARGON2_ITERATIONS", "3"),
            ("PASSWORD_MIN_LENGTH", "15"),
            ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
        ]))
        .unwrap();
        assert_eq!(config.store, StoreLocation::DynamoDb("accounts".to_owned()));
        assert_eq!(config.endpoints.dynamodb.as_deref(), Some("http://127.0.0.1:8000"));
        assert_eq!((Some(config.cost), config.password_min_length), (Cost::new(12_288, 3), 15));
        assert_eq!(config.roots, Roots::Given);
    }

    #[test]
    fn every_variable_is_read() {
        let config = parse(&[
            ("ACCOUNT_STORE", "sqlite:///var/lib/accounts.db"),
            ("JWT_SECRET", SECRET),
            ("JWT_SECRET_PREVIOUS", PREVIOUS),
            ("JWT_ISSUER", "https://auth.example.com"),
            ("JWT_AUDIENCE", "example"),
            ("TOKEN_TTL_SECONDS", "90"),
            ("ARGON2_MEMORY_KIB", "12288"),
            ("ARGON2_ITERATIONS", "3"),
            ("DECOY_HASH", "pbkdf2_sha256$1000$salt$key"),
            ("AUTHORIZER_RESPONSE", "iam"),
            ("PASSWORD_MIN_LENGTH", "15"),
            ("LOGIN_ATTEMPTS_PER_ADDRESS", "100"),
            ("REGISTRATIONS_PER_ADDRESS", "20"),
            ("METRICS_NAMESPACE", "serverless-auth"),
            ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
        ])
        .unwrap();
        assert_eq!(config.store, StoreLocation::Sqlite("/var/lib/accounts.db".into()));
        let SecretSource::Given(keys) = config.secret else { panic!("the secret was not read") };
        let kid = |secret| Key::parse(secret).unwrap().id().to_owned();
        assert_eq!(keys.ids().collect::<Vec<_>>(), [kid(SECRET), kid(PREVIOUS)]);
        assert_eq!(config.tokens.issuer, "https://auth.example.com");
        assert_eq!(config.tokens.audience, "example");
        assert_eq!(config.tokens.ttl, Duration::from_secs(90));
        assert_eq!(Some(config.cost), Cost::new(12_288, 3));
        assert_eq!(config.decoy_hash.unwrap().as_str(), "pbkdf2_sha256$1000$salt$key");
        assert_eq!(config.password_min_length, 15);
        assert_eq!(config.roots, Roots::Given);
        assert_eq!(config.authorizer_response, AuthorizerResponse::Iam);
        assert_eq!((config.login_attempts_per_address, config.registrations_per_address), (100, 20));
        assert_eq!(config.metrics_namespace.as_deref(), Some("serverless-auth"));
    }

    #[test]
    fn a_wrong_value_is_named_and_not_shown() {
        for (variable, value) in [
            ("ACCOUNT_STORE", "postgres://canary"),
            ("ACCOUNT_STORE", "sqlite://"),
            ("ACCOUNT_STORE", "sqlite:///canary.db?mode=rwc"),
            ("ACCOUNT_STORE", "sqlite:///canary.db#main"),
            ("ACCOUNT_STORE", "sqlite:///a%20canary.db"),
            ("ACCOUNT_STORE", "sqlite://~/canary.db"),
            ("ACCOUNT_STORE", "sqlite://:memory:"),
            ("ACCOUNT_STORE", "canary"),
            ("ACCOUNT_STORE", ""),
            ("JWT_SECRET", ""),
            ("JWT_SECRET", "canary"),
            ("JWT_SECRET", "canarycanarycanarycanarycanarycanary"),
            ("SIGNING_KEYS", "canary"),
            ("SIGNING_KEYS", ""),
            ("JWT_ISSUER", " "),
            ("JWT_AUDIENCE", ""),
            ("TOKEN_TTL_SECONDS", "0"),
            ("TOKEN_TTL_SECONDS", "86401"),
            ("TOKEN_TTL_SECONDS", "canary"),
            ("TOKEN_TTL_SECONDS", "-1"),
            ("PASSWORD_MIN_LENGTH", "7"),
            ("PASSWORD_MIN_LENGTH", "65"),
            ("ARGON2_MEMORY_KIB", "19455"),
            ("ARGON2_MEMORY_KIB", "canary"),
            ("ARGON2_ITERATIONS", "0"),
            ("LOGIN_ATTEMPTS_PER_ADDRESS", "-1"),
            ("REGISTRATIONS_PER_ADDRESS", "canary"),
            ("METRICS_NAMESPACE", ""),
            ("METRICS_NAMESPACE", "a canary"),
            ("METRICS_NAMESPACE", "AWS/Lambda"),
            ("AUTHORIZER_RESPONSE", "canary"),
            ("AUTHORIZER_RESPONSE", "SIMPLE"),
            ("AWS_ENDPOINT_URL", "canary"),
            ("AWS_ENDPOINT_URL_DYNAMODB", ""),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://"),
        ] {
            let error = parse(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.starts_with(variable), "{error}");
            assert!(!error.contains("canary") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_previous_secret_needs_a_current_one() {
        let error = parse(&[("JWT_SECRET_PREVIOUS", SECRET)]).unwrap_err();
        assert!(error.to_string().starts_with("JWT_SECRET must be set"));
    }

    #[test]
    fn public_keys_come_from_the_store_alone() {
        let public = ("SIGNING_KEYS", "public");
        for store in ["dynamodb://accounts", "sqlite://accounts.db"] {
            let config = parse(&[public, ("ACCOUNT_STORE", store)]).unwrap();
            assert!(matches!(config.secret, SecretSource::Published));
        }
        for variable in ["JWT_SECRET", "JWT_SECRET_ARN", "JWT_SECRET_PREVIOUS"] {
            let error = parse(&[public, (variable, SECRET)]).unwrap_err();
            assert!(error.to_string().starts_with(variable), "{error}");
        }
    }

    #[test]
    fn a_printed_configuration_holds_no_secret() {
        assert!(!format!("{:?}", parse(&[("JWT_SECRET", SECRET)]).unwrap()).contains(SECRET));
    }
}
