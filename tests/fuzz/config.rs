//! Environment variables. An input has one on each line, as `env` prints them.

use shared::config::{Config, SecretSource};

/// Ends of all values and of all secrets, to find them in texts.
const CANARIES: [&str; 2] = ["canary", "nightingale"];

/// A configuration within its bounds, or one line that names a variable. Neither shows a secret, and the line no value.
pub fn variables(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if CANARIES.iter().any(|canary| text.contains(canary)) {
        return;
    }
    let lines: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let value =
        |name: &str| lines.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let marked = |name: &str| {
        let secret = ["JWT_SECRET", "JWT_SECRET_PREVIOUS"].contains(&name);
        value(name).map(|value| value + CANARIES[usize::from(secret)])
    };
    for config in [Config::parse(value), Config::parse(marked)] {
        match config {
            Ok(config) => {
                check_bounds(&config);
                assert!(!format!("{config:?}").contains(CANARIES[1]), "a secret is shown");
            }
            Err(error) => {
                let error = error.to_string();
                let (variable, _) = error.split_once(' ').unwrap();
                assert!(
                    variable.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_')),
                    "{error}"
                );
                let shown = CANARIES.iter().any(|canary| error.contains(canary));
                assert!(!shown && !error.contains('\n'), "{error}");
            }
        }
    }
}

fn check_bounds(config: &Config) {
    assert!((1..=86_400).contains(&config.tokens.ttl.as_secs()));
    assert!((8..=64).contains(&config.password_min_length));
    assert!(!config.tokens.issuer.trim().is_empty() && !config.tokens.audience.trim().is_empty());
    let sender = &config.sender;
    let is_line = |text: &String| text.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(
        (1..=64).contains(&sender.app_name.chars().count()) && !sender.app_name.contains(char::is_control)
    );
    assert!([&sender.address, &sender.app_url, &sender.template_prefix].into_iter().flatten().all(is_line));
    assert!(sender.address.is_some() || sender.template_prefix.is_none());
    if let SecretSource::Given(keys) = &config.secret {
        assert!(keys.ids().all(|id| [16, 43].contains(&id.len())), "{keys:?}");
    }
}
