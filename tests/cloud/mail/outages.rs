//! SES and the table fail: no mail is lost, and no request is half done.

use serde_json::json;
use support::ses::{
    ACCESS_DENIED, ACCOUNT_SUSPENDED, DOWN, LIMIT_EXCEEDED, Mode, REFUSED, SENDING_PAUSED, THROTTLED,
    UNVERIFIED,
};

use super::{ADDRESS, Mailing, NEW};
use crate::deployed::PASSWORD;
use crate::proxy::{self, Fault};

#[tokio::test]
async fn a_mail_that_ses_does_not_take_is_told_of_and_sent_later() {
    let mailing = Mailing::new().await;
    let register = mailing.register().await;
    register.enrol_alice().await;
    register.forgot(&json!({ "username": "alice" })).await;
    let keys = mailing.waiting().await;
    for mode in [
        DOWN,
        THROTTLED,
        UNVERIFIED,
        SENDING_PAUSED,
        LIMIT_EXCEEDED,
        ACCOUNT_SUSPENDED,
        ACCESS_DENIED,
        Mode::Hangs,
    ] {
        mailing.ses.set(mode);
        let delivered = register.deliver(&keys).await;
        assert_eq!((&delivered.failed, delivered.told()), (&keys, vec!["mail_failed"]), "{mode:?}");
        assert_eq!(delivered.trace.errors(), 1, "{mode:?}: {:?}", delivered.trace);
        assert_eq!(mailing.waiting().await, keys);
        mailing.release(&keys[0]).await;
    }
    mailing.ses.set(Mode::Takes);
    let mail = mailing.deliver_one(&register).await;
    register.reset(mail.code().unwrap()).await.assert_status(200);
}

#[tokio::test]
async fn a_mail_that_ses_will_never_take_is_given_up() {
    let mailing = Mailing::new().await;
    let register = mailing.register().await;
    register.enrol_alice().await;
    register.forgot(&json!({ "username": "alice" })).await;
    mailing.ses.set(REFUSED);
    let delivered = register.deliver(&mailing.waiting().await).await;
    assert_eq!((delivered.failed.len(), delivered.told()), (0, vec!["undeliverable"]));
    assert_eq!((mailing.waiting().await.len(), mailing.ses.requests()), (0, 1));
}

/// The bodies of all routes that read the table, each of which would succeed but for its code.
#[tokio::test]
async fn while_the_table_fails_every_response_is_a_503_and_no_mail_is_lost() {
    let mut mailing = Mailing::new().await;
    let register = mailing.register().await;
    let token = register.enrol_alice().await;
    register.forgot(&json!({ "username": "alice" })).await;
    let keys = mailing.waiting().await;
    let before = mailing.service.engine.items().await;
    for fault in [
        Some(proxy::INTERNAL_ERROR),
        Some(proxy::THROTTLED),
        Some(proxy::TOO_MUCH),
        Some(Fault::Garbage(502)),
        Some(Fault::Hang),
        None,
    ] {
        match fault {
            Some(fault) => mailing.service.proxy.always(fault),
            None => mailing.service.proxy.refuse().await,
        }
        for path in [
            "/password/forgot",
            "/password/reset",
            "/email/confirm",
            "/password",
            "/email",
            "/account/delete",
        ] {
            let mut body =
                json!({ "code": "01234-56789", "current_password": PASSWORD, "new_password": NEW });
            let named = if path.starts_with("/password") { "username" } else { "email" };
            body[named] = if named == "username" { "alice" } else { ADDRESS }.into();
            register.post_as(&token, path, &body).await.assert_unavailable();
        }
        let delivered = register.deliver(&keys).await;
        assert_eq!(delivered.failed, keys, "{:?}", delivered.trace);
        mailing.service.proxy.pass();
        assert_eq!(mailing.service.engine.items().await, before);
    }
    let mail = mailing.deliver_one(&register).await;
    register.reset(mail.code().unwrap()).await.assert_status(200);
}

/// Of a delivery, one write after the other is refused. What was done before does not keep the mail from being sent.
#[tokio::test]
async fn a_delivery_that_the_table_ends_is_repeated() {
    let mut mailing = Mailing::new().await;
    let register = mailing.register().await;
    register.enrol_alice().await;
    register.forgot(&json!({ "username": "alice" })).await;
    let keys = mailing.waiting().await;
    let denied = proxy::ACCESS_DENIED;
    let mut sent = Vec::new();
    // The mail is taken, the account read, the code written, the owner of the address looked up, and the mail forgotten.
    for calls in 0..5 {
        mailing.service.proxy.after(calls, denied.clone());
        let delivered = register.deliver(&keys).await;
        assert_eq!(delivered.failed, keys, "{calls}: {:?}", delivered.trace);
        mailing.service.proxy.pass();
        sent.extend(mailing.ses.mails());
        if calls > 0 {
            mailing.release(&keys[0]).await;
        }
    }
    assert_eq!(sent.len(), 1, "only a mail that cannot be forgotten is sent twice");
    let mail = mailing.deliver_one(&register).await;
    register.reset(mail.code().unwrap()).await.assert_status(200);
}
