//! Writes of the routes that change an account, whose confirmations are lost: the client gets the right response, and nothing is
//! half done.

use serde_json::json;

use super::{ADDRESS, Mailing, NEW};
use crate::deployed::PASSWORD;
use crate::function::Function;
use crate::proxy::Fault;

const FAULTS: [Fault; 2] = [Fault::LoseResponse, Fault::WithholdResponse];

/// An account with an address changes in a transaction with its mail, one without in an update.
const ACCOUNTS: [(&str, Option<&str>, usize); 2] = [("alice", Some(ADDRESS), 1), ("bob", None, 0)];

/// Asserts that a name has the new password, and that this number of mails waits and can be sent.
async fn assert_changed(mailing: &Mailing, register: &Function, name: &str, mails: usize) {
    let login = mailing.service.start("login").await;
    login.login(name, NEW).await.assert_status(200);
    login.login(name, PASSWORD).await.assert_status(401);
    assert_eq!(mailing.deliver(register).await.len(), mails, "{name}");
}

#[tokio::test]
async fn a_mail_whose_confirmation_was_lost_waits_once() {
    let mailing = Mailing::new().await;
    let register = mailing.register().await;
    for fault in FAULTS {
        mailing.service.proxy.next(1, fault);
        register.forgot(&json!({ "username": "alice" })).await;
        assert_eq!(mailing.waiting().await.len(), 1);
        mailing.deliver(&register).await;
    }
}

#[tokio::test]
async fn a_change_of_password_whose_confirmation_was_lost_is_one() {
    for fault in FAULTS {
        let mailing = Mailing::new().await;
        let (register, validate) = (mailing.register().await, mailing.service.start("validate").await);
        for (name, email, mails) in ACCOUNTS {
            let token = register.register(name, email).await.token().to_owned();
            mailing.service.proxy.next(1, fault.clone());
            let changed = register.change_password(&token).await.assert_status(200);
            validate.validate(changed.token()).await.assert_status(200);
            validate.validate(&token).await.assert_status(401);
            assert_changed(&mailing, &register, name, mails).await;
        }
    }
}

/// The client tries to log in with the new password then, or with the old one.
#[tokio::test]
async fn a_change_of_password_that_is_never_confirmed_is_done_with_its_mail() {
    for fault in FAULTS {
        let mut mailing = Mailing::new().await;
        let register = mailing.register().await;
        for (name, email, mails) in ACCOUNTS {
            let token = register.register(name, email).await.token().to_owned();
            mailing.service.proxy.always(fault.clone());
            register.change_password(&token).await.assert_unavailable();
            mailing.service.proxy.pass();
            assert_changed(&mailing, &register, name, mails).await;
        }
    }
}

/// A try may count twice. There are enough.
#[tokio::test]
async fn a_reset_whose_confirmation_was_lost_is_one() {
    for (writes, fault) in (0..2).flat_map(|writes| FAULTS.map(|fault| (writes, fault))) {
        let mailing = Mailing::new().await;
        let register = mailing.register().await;
        register.enrol_alice().await;
        let code = mailing.code(&register).await;
        mailing.service.proxy.after(writes, fault);
        register.reset(&code).await.assert_status(200);
        assert_changed(&mailing, &register, "alice", 1).await;
        register.reset(&code).await.assert_status(400);
    }
}

#[tokio::test]
async fn a_reset_that_cannot_be_tried_keeps_its_code() {
    for fault in FAULTS {
        let mut mailing = Mailing::new().await;
        let register = mailing.register().await;
        register.enrol_alice().await;
        let code = mailing.code(&register).await;
        mailing.service.proxy.always(fault);
        register.reset(&code).await.assert_unavailable();
        mailing.service.proxy.pass();
        register.reset(&code).await.assert_status(200);
        assert_changed(&mailing, &register, "alice", 1).await;
    }
}

#[tokio::test]
async fn a_confirmation_whose_response_was_lost_is_one() {
    const OTHER: &str = "other.canary@example.com";
    for (writes, fault) in (0..2).flat_map(|writes| FAULTS.map(|fault| (writes, fault))) {
        let mailing = Mailing::new().await;
        let register = mailing.register().await;
        let token = register.enrol_alice().await;
        register.change_email(&token, OTHER).await.assert_status(202);
        let mails = mailing.deliver(&register).await;
        let code = mails.iter().find_map(|mail| mail.code()).unwrap();
        mailing.service.proxy.after(writes, fault);
        register.confirm(OTHER, code).await.assert_status(200);
        let mut keys = mailing.service.engine.keys().await;
        keys.retain(|key| key.starts_with("EMAIL#"));
        assert_eq!(keys, [format!("EMAIL#{OTHER}")]);
        assert_eq!(mailing.of_alice("email").await.unwrap().as_s().unwrap(), OTHER);
    }
}

#[tokio::test]
async fn a_deletion_whose_confirmation_was_lost_is_one() {
    for fault in FAULTS {
        for is_ever_confirmed in [true, false] {
            let mut mailing = Mailing::new().await;
            let register = mailing.register().await;
            let token = register.enrol_alice().await;
            mailing.service.proxy.next(if is_ever_confirmed { 1 } else { usize::MAX }, fault.clone());
            let deleted = register.delete_account(&token, PASSWORD).await;
            match is_ever_confirmed {
                true => drop(deleted.assert_status(204)),
                false => deleted.assert_unavailable(),
            }
            mailing.service.proxy.pass();
            let mut keys = mailing.service.engine.keys().await;
            keys.retain(|key| !key.starts_with("MAIL#"));
            assert!(matches!(&keys[..], [key] if key.starts_with("DELETED#")), "{keys:?}");
            assert_eq!(mailing.deliver(&register).await.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_change_that_meets_others_at_the_account_is_tried_again() {
    for (name, email, mails) in ACCOUNTS {
        let mut mailing = Mailing::new().await;
        let register = mailing.register().await;
        let token = register.register(name, email).await.token().to_owned();
        mailing.service.proxy.always(Fault::Conflict);
        register.change_password(&token).await.assert_unavailable();
        mailing.service.proxy.pass();
        assert_eq!(mailing.waiting().await, [""; 0]);
        mailing.service.proxy.next(2, Fault::Conflict);
        register.change_password(&token).await.assert_status(200);
        assert_changed(&mailing, &register, name, mails).await;
    }
}
