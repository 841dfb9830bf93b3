//! Mails to a stand-in for SES, which checks signatures and keeps what it takes.

use support::ses::{self, Mode};

use super::*;
use crate::aws::tests::aws_of_stand_ins;
use crate::deadlines;
use crate::log;
use crate::mail::letter::Rendered;
use crate::mail::letter::tests::{ADDRESS, CODE, letters, sender};
use crate::mail::{Letter, Notice};
use crate::names::email::Email;

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn mailer(sender: Sender, ses: &ses::Ses) -> Mailer {
    let endpoint = format!("http://{}", ses.address);
    Mailer::ses(sender, Ses::new(aws_of_stand_ins(), Some(&endpoint)))
}

fn changed(to: &str, username: &str) -> Letter {
    let to = Email::from_stored(to.to_owned());
    Letter::Notice { notice: Notice::PasswordChanged, to, username: username.to_owned() }
}

#[tokio::test]
async fn ses_gets_a_letter_in_our_words() {
    let ses = ses::Ses::start().await;
    let mailer = mailer(sender(), &ses);
    assert!(mailer.is_configured());
    for letter in letters() {
        mailer.send(&letter, NOW).await.unwrap();
        let [mail] = &ses.mails()[..] else { panic!() };
        assert_eq!(mail.from, r#""Tom & \"Jerry\" <3" <noreply@example.com>"#);
        assert_eq!(mail.to, "ada.o'neill&co@xn--mnchen-3ya.example");
        let Rendered { subject, text, html } = letter.render(&sender());
        assert_eq!((mail.subject(), mail.text(), mail.html()), (&*subject, &*text, &*html));
    }
    assert_eq!(ses.requests(), letters().len());
}

#[tokio::test]
async fn with_a_prefix_the_words_are_those_of_a_template() {
    let ses = ses::Ses::start().await;
    let mailer = mailer(Sender { template_prefix: Some("app-".to_owned()), ..sender() }, &ses);
    for letter in letters() {
        mailer.send(&letter, NOW).await.unwrap();
    }
    let mails = ses.mails();
    let names: Vec<_> = mails.iter().map(|mail| mail.template().0).collect();
    let kinds = ["confirm", "in-use", "account-deleted", "email-changing", "password-changed", "reset"];
    assert_eq!(names, kinds.map(|kind| format!("app-{kind}")));
    let link = "https://app.example.com/account/reset\
                #code=01234-56789&email=ada.o%27neill%26co%40m%C3%BCnchen.example";
    let data = serde_json::json!({
        "app_name": sender().app_name, "username": "Ada", "code": CODE, "link": link, "minutes": "30",
    });
    assert_eq!(mails[5].template().1, data);
    assert_eq!(mails[0].template().1["email"], ADDRESS);
}

#[tokio::test]
async fn no_name_and_no_address_writes_a_header() {
    const EVIL: &str = "x\r\nBcc: evil@example.com\r\n\r\n<b>";
    let ses = ses::Ses::start().await;
    for app_name in [EVIL, "\"\\\" <evil@example.com>, \"", "日本🦀\u{2028}", &"é".repeat(64)] {
        let mailer = mailer(Sender { app_name: app_name.to_owned(), ..sender() }, &ses);
        mailer.send(&changed("ada@example.com", EVIL), NOW).await.unwrap();
        let [mail] = &ses.mails()[..] else { panic!("{app_name}") };
        assert!(mail.from.ends_with(" <noreply@example.com>"), "{}", mail.from);
        assert!(mail.from.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{}", mail.from);
        assert_eq!(mail.to, "ada@example.com");
    }
}

#[tokio::test]
async fn an_address_that_ses_does_not_take_is_not_sent_to() {
    let ses = ses::Ses::start().await;
    let mailer = mailer(sender(), &ses);
    for address in ["josé@example.com", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "a"] {
        let error = mailer.send(&changed(address, "Ada"), NOW).await.unwrap_err();
        assert!(matches!(error, SendError::Unsendable) && error.is_final(), "{error:?}");
    }
    assert_eq!(ses.requests(), 0);
}

#[tokio::test]
async fn only_a_mail_that_is_wrong_in_itself_is_not_tried_again_later() {
    let ses = ses::Ses::start().await;
    let mailer = mailer(sender(), &ses);
    for (mode, is_final, requests) in [
        (ses::REFUSED, true, 1),
        (ses::ACCESS_DENIED, false, 1),
        (ses::ACCOUNT_SUSPENDED, false, 1),
        (ses::DOWN, false, 3),
        (ses::LIMIT_EXCEEDED, false, 3),
        (ses::NO_TEMPLATE, false, 1),
        (ses::SENDING_PAUSED, false, 1),
        (ses::THROTTLED, false, 3),
        (ses::UNVERIFIED, false, 1),
    ] {
        ses.set(mode);
        let error = mailer.send(&letters()[5], NOW).await.unwrap_err();
        assert_eq!(error.is_final(), is_final, "{mode:?}");
        assert_eq!(ses.requests(), requests, "{mode:?}");
        let shown = format!("{} {error:?}", log::chain(&error));
        let Mode::Fails(_, code) = mode else { panic!() };
        assert!(shown.contains(code), "{shown}");
        for secret in [CODE, "neill", "Ada", "for the log"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    ses.set(Mode::Takes);
    mailer.send(&letters()[5], NOW).await.unwrap();
}

#[tokio::test]
async fn a_mail_ends_within_its_deadline() {
    let ses = ses::Ses::start().await;
    ses.set(Mode::Hangs);
    let start = tokio::time::Instant::now();
    let error = mailer(sender(), &ses).send(&letters()[0], NOW).await.unwrap_err();
    assert!(matches!(error, SendError::Failed(_)), "{error:?}");
    assert!(start.elapsed() <= deadlines::MAIL, "{:?}", start.elapsed());
    assert_eq!(ses.requests(), 3);
}

#[tokio::test]
async fn without_an_address_to_send_from_nothing_is_sent() {
    let ses = ses::Ses::start().await;
    let mailer = mailer(Sender { address: None, ..sender() }, &ses);
    assert!(!mailer.is_configured());
    let error = mailer.send(&letters()[0], NOW).await.unwrap_err();
    assert!(matches!(error, SendError::NotConfigured) && !error.is_final(), "{error:?}");
    assert_eq!(ses.requests(), 0);
}
