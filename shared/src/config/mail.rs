//! The variables of mails.

use super::lookup::Lookup;
use super::{ConfigError, SERVICE, StoreLocation, VerifyEmail, wrong};
use crate::mail::{LONGEST_KIND, Sender};
use crate::names::email::Email;

/// The longest name of an app, in characters.
const MAX_APP_NAME: usize = 64;

/// The longest name of a template in SES, in characters
/// (<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateEmailTemplate.html>).
const MAX_TEMPLATE_NAME: usize = 64;

/// The longest prefix, so that each kind of mail has a template.
const MAX_PREFIX: usize = MAX_TEMPLATE_NAME - LONGEST_KIND;

pub(super) fn sender(lookup: &Lookup<'_>) -> Result<Sender, ConfigError> {
    let sender = Sender {
        address: address(lookup)?,
        app_name: app_name(lookup)?,
        app_url: app_url(lookup)?,
        template_prefix: template_prefix(lookup)?,
    };
    if sender.template_prefix.is_some() && sender.address.is_none() {
        return Err(wrong("MAIL_FROM", "must be set where MAIL_TEMPLATE_PREFIX is"));
    }
    Ok(sender)
}

pub(super) fn verify_email(
    lookup: &Lookup<'_>,
    store: &StoreLocation,
    sender: &Sender,
) -> Result<VerifyEmail, ConfigError> {
    const VARIABLE: &str = "VERIFY_EMAIL";
    match (lookup.text(VARIABLE, "off")?.as_str(), store) {
        ("off", _) => Ok(VerifyEmail::Off),
        ("required", StoreLocation::DynamoDb(_)) if sender.address.is_none() => Err(wrong(
            "MAIL_FROM",
            "must be set where VERIFY_EMAIL is required and accounts live in DynamoDB",
        )),
        ("required", _) => Ok(VerifyEmail::Required),
        _ => Err(wrong(VARIABLE, "must be off or required")),
    }
}

fn address(lookup: &Lookup<'_>) -> Result<Option<String>, ConfigError> {
    const VARIABLE: &str = "MAIL_FROM";
    let Some(value) = lookup.get(VARIABLE) else { return Ok(None) };
    let address = Email::parse(&value).ok().and_then(|email| email.to_ascii());
    address.map(Some).ok_or_else(|| {
        wrong(VARIABLE, "must be an email address, in ASCII before its @, such as noreply@example.com")
    })
}

fn app_name(lookup: &Lookup<'_>) -> Result<String, ConfigError> {
    const VARIABLE: &str = "APP_NAME";
    let name = lookup.text(VARIABLE, SERVICE)?;
    if name.chars().count() > MAX_APP_NAME || name.contains(char::is_control) {
        let problem = format!("must have at most {MAX_APP_NAME} characters, and no control characters");
        return Err(wrong(VARIABLE, &problem));
    }
    Ok(name)
}

fn app_url(lookup: &Lookup<'_>) -> Result<Option<String>, ConfigError> {
    const VARIABLE: &str = "APP_URL";
    let Some(url) = lookup.get(VARIABLE) else { return Ok(None) };
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_character = |c: char| c.is_ascii_graphic() && !"\"#<>?\\^`{|}".contains(c);
    let is_url = |rest: &str| {
        !rest.is_empty() && !rest.starts_with('/') && !rest.ends_with('/') && rest.chars().all(is_character)
    };
    if !rest.is_some_and(is_url) {
        return Err(wrong(
            VARIABLE,
            "must be a URL such as https://app.example.com, without ? or #, and no / at its end",
        ));
    }
    Ok(Some(url))
}

fn template_prefix(lookup: &Lookup<'_>) -> Result<Option<String>, ConfigError> {
    const VARIABLE: &str = "MAIL_TEMPLATE_PREFIX";
    let Some(prefix) = lookup.get(VARIABLE) else { return Ok(None) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !(1..=MAX_PREFIX).contains(&prefix.len()) || !prefix.chars().all(allowed) {
        let problem = format!("must be letters, digits, - and _, at most {MAX_PREFIX} of them");
        return Err(wrong(VARIABLE, &problem));
    }
    Ok(Some(prefix))
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigError, VerifyEmail};

    fn parse(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let find = |name: &str| variables.iter().find(|(variable, _)| *variable == name);
        Config::parse(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_need_be_set() {
        let config = parse(&[]).unwrap();
        assert_eq!((config.sender.address, config.sender.app_url), (None, None));
        assert_eq!(
            (config.sender.app_name.as_str(), config.sender.template_prefix),
            ("serverless-auth", None)
        );
        assert_eq!((config.verify_email, config.mails_per_address), (VerifyEmail::Off, 0));
        assert_eq!(config.endpoints.ses, None);
    }

    #[test]
    fn every_variable_is_read() {
        let config = parse(&[
            ("MAIL_FROM", "noreply@Zürich.example"),
            ("APP_NAME", "Zürich, \"the app\""),
            ("APP_URL", "https://app.example.com/account"),
            ("MAIL_TEMPLATE_PREFIX", "app_de-"),
            ("VERIFY_EMAIL", "required"),
            ("MAILS_PER_ADDRESS", "20"),
            ("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:8025"),
        ])
        .unwrap();
        assert_eq!(config.sender.address.as_deref(), Some("noreply@xn--zrich-kva.example"));
        assert_eq!(config.sender.app_name, "Zürich, \"the app\"");
        assert_eq!(config.sender.app_url.as_deref(), Some("https://app.example.com/account"));
        assert_eq!(config.sender.template_prefix.as_deref(), Some("app_de-"));
        assert_eq!((config.verify_email, config.mails_per_address), (VerifyEmail::Required, 20));
        assert_eq!(config.endpoints.ses.as_deref(), Some("http://127.0.0.1:8025"));
    }

    #[test]
    fn a_wrong_value_is_named_and_not_shown() {
        let (long_name, long_prefix) = ("canary-".repeat(10), "canary-".repeat(7));
        for (variable, value) in [
            ("MAIL_FROM", ""),
            ("MAIL_FROM", "canary"),
            ("MAIL_FROM", "cañary@example.com"),
            ("MAIL_FROM", "App <canary@example.com>"),
            ("MAIL_FROM", "canary@example.com\r\nBcc: a@b.example"),
            ("APP_NAME", ""),
            ("APP_NAME", " "),
            ("APP_NAME", "canary\r\nBcc: a@b.example"),
            ("APP_NAME", "canary\u{85}"),
            ("APP_NAME", &long_name),
            ("APP_URL", ""),
            ("APP_URL", "canary"),
            ("APP_URL", "https://"),
            ("APP_URL", "https:///canary"),
            ("APP_URL", "ftp://canary.example"),
            ("APP_URL", "javascript:canary"),
            ("APP_URL", "https://canary.example/"),
            ("APP_URL", "https://canary.example?a"),
            ("APP_URL", "https://canary.example#a"),
            ("APP_URL", "https://canary.example/\"onclick=\"a"),
            ("APP_URL", "https://canary.example/a b"),
            ("APP_URL", "https://canary.example\r\n"),
            ("MAIL_TEMPLATE_PREFIX", ""),
            ("MAIL_TEMPLATE_PREFIX", "canary "),
            ("MAIL_TEMPLATE_PREFIX", "cañary"),
            ("MAIL_TEMPLATE_PREFIX", &long_prefix),
            ("VERIFY_EMAIL", ""),
            ("VERIFY_EMAIL", "canary"),
            ("VERIFY_EMAIL", "Required"),
            ("MAILS_PER_ADDRESS", "canary"),
            ("AWS_ENDPOINT_URL_SESV2", "canary"),
        ] {
            let from = ("MAIL_FROM", "noreply@example.com");
            let error = parse(&[(variable, value), from]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{variable} ")), "{error}");
            assert!(!error.contains("canary") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn lengths_count_characters_and_their_bounds_are_allowed() {
        let (name, prefix) = ("日".repeat(64), "x".repeat(48));
        let from = ("MAIL_FROM", "noreply@example.com");
        let config = parse(&[("APP_NAME", &name), ("MAIL_TEMPLATE_PREFIX", &prefix), from]).unwrap();
        assert_eq!((config.sender.app_name, config.sender.template_prefix), (name, Some(prefix)));
    }

    #[test]
    fn what_needs_mail_needs_an_address_to_send_from() {
        let table = [
            ("ACCOUNT_STORE", "dynamodb://accounts"),
            ("JWT_SECRET_ARN", "arn"),
            ("VERIFY_EMAIL", "required"),
        ];
        for variables in [&table[..], &[("MAIL_TEMPLATE_PREFIX", "x")]] {
            let error = parse(variables).unwrap_err().to_string();
            assert!(error.starts_with("MAIL_FROM must be set"), "{error}");
        }
        let from = ("MAIL_FROM", "noreply@example.com");
        assert!(parse(&[&table[..], &[from]].concat()).is_ok());
        assert!(parse(&table[..2]).is_ok() && parse(&table[2..]).is_ok());
    }
}
