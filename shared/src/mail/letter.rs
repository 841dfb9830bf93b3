//! What a mail says: texts in the syntax of SES templates, in which variables stand as `{{name}}`.
//!
//! An operator who wants other words stores these texts as templates in SES and changes them there. SES drops a mail without
//! a word when a variable of its template is missing, so a kind of letter always has all of its variables.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::{Notice, Sender};
use crate::code::{Code, EMAIL_LIFETIME, RESET_LIFETIME};
use crate::names::email::Email;

/// A mail to be sent: its kind, the address that it goes to, and what it tells. `Debug` shows the kind alone.
#[derive(Clone)]
pub enum Letter {
    /// A code that confirms the address. It tells the username, so that the owner of the mailbox does not confirm an account that
    /// somebody else has made with this address.
    Confirm {
        /// The address.
        to: Email,
        /// The account, as typed.
        username: String,
        /// The code.
        code: Code,
    },
    /// Somebody wants to confirm an address that another account has.
    InUse {
        /// The address.
        to: Email,
        /// The account that has it, as typed.
        username: String,
    },
    /// News of an account.
    Notice {
        /// The news.
        notice: Notice,
        /// The address of the account.
        to: Email,
        /// The account, as typed.
        username: String,
    },
    /// A code for a new password.
    Reset {
        /// The address of the account.
        to: Email,
        /// The account, as typed.
        username: String,
        /// The code.
        code: Code,
    },
}

/// The longest name of a kind, in bytes.
pub(crate) const LONGEST_KIND: usize = "password-changed".len();

/// A letter in words.
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// Names of variables with their values.
pub(crate) type Variables = Vec<(&'static str, String)>;

/// The texts of a kind of letter.
struct Texts {
    subject: &'static str,
    text: &'static str,
    html: &'static str,
}

macro_rules! texts {
    ($kind:literal) => {
        Texts {
            subject: include_str!(concat!("letters/", $kind, ".subject")),
            text: include_str!(concat!("letters/", $kind, ".txt")),
            html: include_str!(concat!("letters/", $kind, ".html")),
        }
    };
}

impl Letter {
    /// The address that it goes to.
    pub(crate) fn to(&self) -> &Email {
        match self {
            Self::Confirm { to, .. }
            | Self::InUse { to, .. }
            | Self::Notice { to, .. }
            | Self::Reset { to, .. } => to,
        }
    }

    /// The name of its kind, of which the name of its template is made.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "confirm",
            Self::InUse { .. } => "in-use",
            Self::Notice { notice: Notice::AccountDeleted, .. } => "account-deleted",
            Self::Notice { notice: Notice::EmailChanging, .. } => "email-changing",
            Self::Notice { notice: Notice::PasswordChanged, .. } => "password-changed",
            Self::Reset { .. } => "reset",
        }
    }

    /// The letter in our words.
    pub(crate) fn render(&self, sender: &Sender) -> Rendered {
        let (texts, variables) = (self.texts(), self.variables(sender));
        Rendered {
            subject: render(texts.subject.trim_end(), &variables, str::to_owned),
            text: render(texts.text, &variables, str::to_owned),
            html: render(texts.html, &variables, escaped),
        }
    }

    /// The variables of the template, as a JSON object.
    pub(crate) fn template_data(&self, sender: &Sender) -> Value {
        let variables = self.variables(sender).into_iter();
        variables.map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
    }

    fn texts(&self) -> Texts {
        match self {
            Self::Confirm { .. } => texts!("confirm"),
            Self::InUse { .. } => texts!("in-use"),
            Self::Notice { notice: Notice::AccountDeleted, .. } => texts!("account-deleted"),
            Self::Notice { notice: Notice::EmailChanging, .. } => texts!("email-changing"),
            Self::Notice { notice: Notice::PasswordChanged, .. } => texts!("password-changed"),
            Self::Reset { .. } => texts!("reset"),
        }
    }

    fn variables(&self, sender: &Sender) -> Variables {
        let app_name = ("app_name", sender.app_name.clone());
        let email = |to: &Email| ("email", to.as_str().to_owned());
        let username = |name: &str| ("username", name.to_owned());
        match self {
            Self::Confirm { to, username: name, code } => {
                let link = ("link", link(sender, "confirm", to, code));
                let hours = ("hours", hours(EMAIL_LIFETIME));
                vec![app_name, username(name), email(to), ("code", code.expose()), link, hours]
            }
            Self::InUse { to, username: name }
            | Self::Notice { notice: Notice::EmailChanging, to, username: name } => {
                vec![app_name, username(name), email(to)]
            }
            Self::Notice { username: name, .. } => vec![app_name, username(name)],
            Self::Reset { to, username: name, code } => {
                let link = ("link", link(sender, "reset", to, code));
                vec![
                    app_name,
                    username(name),
                    ("code", code.expose()),
                    link,
                    ("minutes", minutes(RESET_LIFETIME)),
                ]
            }
        }
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({})", self.kind())
    }
}

/// A page of the app, with code and address in the fragment, which browsers send to no server. Empty if there is no app.
fn link(sender: &Sender, page: &str, to: &Email, code: &Code) -> String {
    let Some(url) = &sender.app_url else { return String::new() };
    format!("{url}/{page}#code={}&email={}", code.expose(), percent_encoded(to.as_str()))
}

/// RFC 3986, section 2: all but unreserved characters are encoded.
fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

fn hours(lifetime: Duration) -> String {
    (lifetime.as_secs() / 3600).to_string()
}

fn minutes(lifetime: Duration) -> String {
    (lifetime.as_secs() / 60).to_string()
}

/// Puts values in the place of variables, in one pass: a value is never taken for a variable.
fn render(template: &str, variables: &Variables, written: fn(&str) -> String) -> String {
    let mut rendered = String::with_capacity(2 * template.len());
    let mut rest = template;
    while let Some((before, (name, after))) = next_variable(rest) {
        rendered.push_str(before);
        if let Some((_, value)) = variables.iter().find(|(known, _)| *known == name) {
            rendered.push_str(&written(value));
        }
        rest = after;
    }
    rendered + rest
}

/// The text before the first variable, its name, and the text after it.
fn next_variable(template: &str) -> Option<(&str, (&str, &str))> {
    let (before, rest) = template.split_once("{{")?;
    Some((before, rest.split_once("}}")?))
}

/// A value as text of HTML or within a quoted attribute.
fn escaped(value: &str) -> String {
    let escaped = |c: char| match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '"' => "&quot;".into(),
        '\'' => "&#39;".into(),
        c => c.to_string(),
    };
    value.chars().map(escaped).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    pub(crate) const ADDRESS: &str = "ada.o'neill&co@münchen.example";

    pub(crate) const CODE: &str = "01234-56789";

    /// A letter of each kind.
    pub(crate) fn letters() -> Vec<Letter> {
        let to = || Email::parse(ADDRESS).unwrap();
        let username = || "Ada".to_owned();
        let code = || Code::parse(CODE).unwrap();
        let notice = |notice| Letter::Notice { notice, to: to(), username: username() };
        vec![
            Letter::Confirm { to: to(), username: username(), code: code() },
            Letter::InUse { to: to(), username: username() },
            notice(Notice::AccountDeleted),
            notice(Notice::EmailChanging),
            notice(Notice::PasswordChanged),
            Letter::Reset { to: to(), username: username(), code: code() },
        ]
    }

    pub(crate) fn sender() -> Sender {
        Sender {
            address: Some("noreply@example.com".to_owned()),
            app_name: "Tom & \"Jerry\" <3".to_owned(),
            app_url: Some("https://app.example.com/account".to_owned()),
            template_prefix: None,
        }
    }

    /// SES drops a mail whose template has a variable without a value.
    #[test]
    fn each_kind_uses_the_variables_that_it_has_and_no_others() {
        for letter in letters() {
            let variables = letter.variables(&sender());
            let given: BTreeSet<_> = variables.iter().map(|(name, _)| *name).collect();
            let texts = letter.texts();
            for part in [texts.text, texts.html] {
                assert_eq!(names(part).collect::<BTreeSet<_>>(), given, "{letter:?}");
            }
            assert!(names(texts.subject).all(|name| given.contains(name)), "{letter:?}");
        }
    }

    #[test]
    fn the_documentation_lists_all_kinds_and_their_variables() {
        let page = include_str!("../../../docs/mail.md");
        for letter in letters() {
            let row =
                page.lines().find(|line| line.starts_with(&format!("| `{}` |", letter.kind()))).unwrap();
            let names = letter.variables(&sender()).into_iter().map(|(name, _)| format!("`{name}`"));
            let names = names.collect::<Vec<_>>().join(", ");
            assert!(row.ends_with(&format!("| {names} |")), "{row}");
        }
    }

    fn names(template: &str) -> impl Iterator<Item = &str> {
        template.split("{{").skip(1).map(|rest| rest.split_once("}}").unwrap().0)
    }

    #[test]
    fn nothing_is_left_to_be_replaced() {
        for letter in letters() {
            let Rendered { subject, text, html } = letter.render(&sender());
            for part in [&subject, &text, &html] {
                assert!(!part.contains("{{") && !part.contains("}}"), "{part}");
            }
            assert!(!subject.contains('\n') && subject.starts_with("Tom & \"Jerry\" <3: "), "{subject}");
        }
    }

    #[test]
    fn a_code_stands_alone_on_its_line_and_says_how_long_it_is_good() {
        let letters = letters();
        let [reset, confirm] = [&letters[5], &letters[0]].map(|letter| letter.render(&sender()).text);
        for (text, lifetime, page) in [(reset, " 30 minutes.", "reset"), (confirm, " 24 hours.", "confirm")] {
            assert!(text.lines().any(|line| line == CODE), "{text}");
            assert!(text.contains(lifetime), "{text}");
            let link = format!(
                "https://app.example.com/account/{page}#code=01234-56789&email=ada.o%27neill%26co%40m%C3%BCnchen.example"
            );
            assert!(text.lines().any(|line| line == link), "{text}");
        }
    }

    #[test]
    fn without_an_app_there_is_no_link() {
        let sender = Sender { app_url: None, ..sender() };
        for letter in letters() {
            let Rendered { text, html, .. } = letter.render(&sender);
            assert!(!text.contains("://") && !html.contains("://"), "{text}{html}");
            assert!(letter.template_data(&sender).get("link").is_none_or(|link| link == ""));
        }
    }

    #[test]
    fn a_value_is_text_in_html_and_never_a_variable() {
        let to = Email::parse("{{code}}&co@example.com").unwrap();
        let letter = Letter::InUse { to, username: "<b>'\"{{email}}".to_owned() };
        let sender = Sender { app_name: "{{username}}<i>".to_owned(), ..sender() };
        let Rendered { subject, text, html } = letter.render(&sender);
        assert_eq!(subject, "{{username}}<i>: you already have an account");
        assert!(text.contains("<b>'\"{{email}}") && text.contains("{{code}}&co@example.com"), "{text}");
        assert!(
            html.contains("&lt;b&gt;&#39;&quot;{{email}}") && html.contains("{{code}}&amp;co@"),
            "{html}"
        );
        assert!(!html.contains("<b>") && !html.contains("<i>"), "{html}");
    }

    #[test]
    fn a_letter_shows_neither_address_nor_name_nor_code() {
        let shown: Vec<_> = letters().iter().map(|letter| format!("{letter:?}")).collect();
        assert_eq!((shown[0].as_str(), shown[5].as_str()), ("Letter(confirm)", "Letter(reset)"));
    }

    #[test]
    fn every_kind_fits_into_the_name_of_a_template() {
        let longest = letters().iter().map(|letter| letter.kind().len()).max();
        assert_eq!(longest, Some(LONGEST_KIND));
    }
}
