use std::time::Duration;

use support::keys;
use support::secrets_manager::{self, Mode, NOT_FOUND, holding};
use tokio::time::Instant;

use crate::binaries::FUNCTIONS;
use crate::deployed::{Deployed, PASSWORD, SECRET};
use crate::function::Refusal;

/// Asserts that a process has failed with one line that names the problem.
#[track_caller]
pub fn assert_says(refusal: &Refusal, problem: &str) {
    assert_eq!(refusal.code, Some(1), "{refusal:?}");
    let [line] = &refusal.log[..] else { panic!("{refusal:?}") };
    assert_eq!((&line["level"], &line["message"]), (&"ERROR".into(), &"cannot start".into()));
    assert!(line["error"].as_str().unwrap().contains(problem), "{problem}: {refusal:?}");
}

#[tokio::test]
async fn a_wrong_configuration_is_named() {
    let service = Deployed::new().await;
    for (variable, value, problem) in [
        ("ACCOUNT_STORE", None, "ACCOUNT_STORE must be dynamodb://TABLE"),
        ("ACCOUNT_STORE", Some(""), "ACCOUNT_STORE must not be empty"),
        ("ACCOUNT_STORE", Some("dynamodb://"), "ACCOUNT_STORE must be dynamodb://TABLE"),
        ("ACCOUNT_STORE", Some("sqlite://canary.db"), "ACCOUNT_STORE must be dynamodb://TABLE"),
        ("ACCOUNT_STORE", Some("canary"), "ACCOUNT_STORE must be dynamodb://TABLE"),
        ("JWT_SECRET_ARN", None, "JWT_SECRET_ARN or JWT_SECRET must be set"),
        ("JWT_SECRET_ARN", Some(" "), "JWT_SECRET_ARN must not be empty"),
        ("JWT_SECRET", Some(SECRET), "JWT_SECRET must not be set where JWT_SECRET_ARN is"),
        ("JWT_SECRET_PREVIOUS", Some(SECRET), "JWT_SECRET_PREVIOUS must not be set where JWT_SECRET_ARN is"),
        ("JWT_ISSUER", Some(""), "JWT_ISSUER must not be empty"),
        ("JWT_AUDIENCE", Some(" "), "JWT_AUDIENCE must not be empty"),
        ("TOKEN_TTL_SECONDS", Some("86401"), "TOKEN_TTL_SECONDS must be"),
        ("TOKEN_TTL_SECONDS", Some("canary"), "TOKEN_TTL_SECONDS must be"),
        ("PASSWORD_MIN_LENGTH", Some("7"), "PASSWORD_MIN_LENGTH must be"),
        ("ARGON2_MEMORY_KIB", Some("8"), "ARGON2_MEMORY_KIB and ARGON2_ITERATIONS must be"),
        ("AWS_REGION", None, "AWS_REGION must be set"),
        ("AWS_REGION", Some(""), "AWS_REGION must be set"),
        ("AWS_ACCESS_KEY_ID", None, "AWS_ACCESS_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", None, "AWS_SECRET_ACCESS_KEY"),
        ("AWS_SECRET_ACCESS_KEY", Some(""), "AWS_SECRET_ACCESS_KEY"),
        ("AWS_ENDPOINT_URL_DYNAMODB", Some(""), "AWS_ENDPOINT_URL_DYNAMODB must"),
        ("AWS_ENDPOINT_URL_DYNAMODB", Some("canary"), "AWS_ENDPOINT_URL_DYNAMODB must"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", Some("canary"), "AWS_ENDPOINT_URL_SECRETS_MANAGER must"),
    ] {
        let refusal = service.refusal("validate", &[(variable, value)]).await;
        assert_says(&refusal, problem);
    }
    assert_eq!(service.proxy.calls(), [""; 0]);
    assert_eq!(service.secrets.reads(), 0);
}

/// Such a decoy would hide no account, without any sign of it.
#[tokio::test]
async fn a_decoy_that_no_login_could_verify_stops_the_start() {
    let service = Deployed::new().await;
    for value in ["canary", "pbkdf2_sha256$3000001$salt$canary", "!canary"] {
        let refusal = service.refusal("login", &[("DECOY_HASH", Some(value))]).await;
        assert_says(&refusal, "DECOY_HASH must be a password hash that a login can verify");
    }
}

#[tokio::test]
async fn without_a_secret_fit_to_sign_no_function_starts() {
    let holds = |json: &str| Mode::Holds(json.to_owned());
    for (mode, problem) in [
        (NOT_FOUND, "JWT_SECRET_ARN cannot be read"),
        (secrets_manager::ACCESS_DENIED, "JWT_SECRET_ARN cannot be read: status 400, AccessDeniedException"),
        (secrets_manager::INTERNAL_ERROR, "JWT_SECRET_ARN cannot be read"),
        (Mode::Garbage(200), "the response of Secrets Manager is not a secret"),
        (Mode::Garbage(502), "JWT_SECRET_ARN cannot be read: status 502, without a code"),
        (Mode::Binary(SECRET.to_owned()), "the secret is not JSON"),
        (holds(""), "the secret is not JSON"),
        (holds(SECRET), "the secret is not JSON"),
        (holds(r#"{"previous":"canary"}"#), "the secret is not JSON"),
        (holding("canary", None), "\"current\" must have at least 32 bytes"),
        (holding(&"canary".repeat(10), None), "\"current\" must be random"),
        (holding("a-string-secret-at-least-256-bits-long", None), "\"current\" is a published example"),
        (holding(SECRET, Some("canary")), "\"previous\" must have at least 32 bytes"),
        (holding(keys::PKCS1, None), "\"current\" is in PKCS#1; convert it with"),
        (holding(keys::ENCRYPTED, None), "\"current\" is encrypted; decrypt it with"),
        (holding(keys::UNFIT[0].1, None), "\"current\" must be an intact RSA key of 2048"),
        (holding(keys::RSA_2048, Some(keys::PUBLIC)), "\"previous\" is public"),
    ] {
        let service = Deployed::with_secret(mode).await;
        for function in FUNCTIONS {
            assert_says(&service.refusal(function, &[]).await, problem);
        }
    }
}

#[tokio::test]
async fn a_secret_that_never_comes_is_not_waited_for() {
    let service = Deployed::with_secret(Mode::Hangs).await;
    assert_says(&service.refusal("login", &[]).await, "JWT_SECRET_ARN cannot be read");
}

/// Secrets Manager may take longer at a start than a request may wait.
#[tokio::test]
async fn a_start_waits_for_a_slow_secret() {
    let service = Deployed::new().await;
    service.secrets.delay(Duration::from_millis(2000));
    let register = service.start("register").await;
    register.register("alice", None).await.assert_status(201);
}

/// The connection to the table is opened while the secret is on its way.
#[tokio::test]
async fn a_function_waits_for_the_table_and_the_secret_at_the_same_time() {
    let delay = Duration::from_millis(900);
    let service = Deployed::new().await;
    service.proxy.delay(delay);
    service.secrets.delay(delay);
    let starting = Instant::now();
    service.start("login").await;
    assert!(starting.elapsed() < delay * 2, "{:?}", starting.elapsed());
    assert_eq!((service.proxy.calls().len(), service.secrets.reads()), (1, 1));
}

#[tokio::test]
async fn a_secret_in_the_environment_is_used_without_a_call() {
    let service = Deployed::new().await;
    let given = [("JWT_SECRET_ARN", None), ("JWT_SECRET", Some(SECRET))];
    let register = service.start_with("register", &given).await;
    let token = register.register("alice", None).await.assert_status(201).token().to_owned();
    service.start_with("login", &given).await.login("alice", PASSWORD).await.assert_status(200);
    assert_eq!(service.secrets.reads(), 0);
    service.start("validate").await.validate(&token).await.assert_status(200);
}
