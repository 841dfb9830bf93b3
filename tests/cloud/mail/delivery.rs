//! Deliveries that end early, overlap, or meet records that cannot be delivered.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::json;
use support::ses::{Mail, Mode};
use tokio::sync::Barrier;

use super::Mailing;
use crate::function::Function;
use crate::proxy::Fault;

/// The writes of a delivery: the mail is taken, its code is kept, and, when SES has it, the mail is forgotten.
const WRITES: usize = 3;

/// Processes that get the same event.
const PROCESSES: usize = 4;

/// A mail with a code for alice waits. Returns its key.
async fn waiting(mailing: &Mailing, register: &Function) -> String {
    register.forgot(&json!({ "username": "alice" })).await;
    let [key] = &mailing.waiting().await[..] else { panic!("not one mail") };
    key.clone()
}

/// Has a mail delivered whose first delivery has died. Returns what SES has got.
async fn deliver_again(mailing: &Mailing, keys: &[String; 1]) -> Vec<Mail> {
    let register = mailing.register().await;
    let items = mailing.service.engine.items().await;
    if items.get(&keys[0]).is_some_and(|mail| mail.contains_key("taken_until")) {
        let delivered = register.deliver(keys).await;
        assert_eq!((delivered.failed.as_slice(), delivered.told()), (&keys[..], vec!["mail_taken"]));
        mailing.release(&keys[0]).await;
    }
    mailing.deliver(&register).await
}

/// Asserts that the code of a mail is good.
async fn assert_good(mailing: &Mailing, mail: &Mail) {
    mailing.register().await.reset(mail.code().unwrap()).await.assert_status(200);
}

#[tokio::test]
async fn a_mail_outlives_the_death_of_its_function_before_and_after_each_write() {
    for (writes, done) in (0..WRITES).flat_map(|writes| [(writes, false), (writes, true)]) {
        let mailing = Mailing::new().await;
        let register = mailing.register().await;
        register.enrol_alice().await;
        let keys = [waiting(&mailing, &register).await];
        let seen = Arc::new(Barrier::new(2));
        let fault = if done { Fault::Stop(seen.clone()) } else { Fault::Hold(seen.clone()) };
        mailing.service.proxy.after(writes, fault);
        tokio::select! {
            delivered = register.deliver(&keys) => panic!("no death: {:?}", delivered.trace),
            _ = seen.wait() => register.kill().await,
        }
        let before = mailing.ses.mails();
        let after = deliver_again(&mailing, &keys).await;
        let is_sent = writes == 2;
        let is_forgotten = is_sent && done;
        assert_eq!(
            (before.len(), after.len()),
            (usize::from(is_sent), usize::from(!is_forgotten)),
            "{writes} {done}"
        );
        assert_good(&mailing, before.iter().chain(&after).last().unwrap()).await;
        if let ([first], [_]) = (&before[..], &after[..]) {
            mailing.register().await.reset(first.code().unwrap()).await.assert_status(400);
        }
    }
}

#[tokio::test]
async fn a_mail_outlives_the_death_of_its_function_while_ses_has_it() {
    let mailing = Mailing::new().await;
    let register = mailing.register().await;
    register.enrol_alice().await;
    let keys = [waiting(&mailing, &register).await];
    mailing.ses.set(Mode::Hangs);
    let asked = async {
        while mailing.ses.requests() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        delivered = register.deliver(&keys) => panic!("no death: {:?}", delivered.trace),
        () = asked => register.kill().await,
    }
    mailing.ses.set(Mode::Takes);
    let [mail] = &deliver_again(&mailing, &keys).await[..] else { panic!("not one mail") };
    assert_good(&mailing, mail).await;
}

#[tokio::test]
async fn a_mail_that_several_processes_get_at_once_is_sent_once() {
    let mailing = Mailing::new().await;
    let mut functions = Vec::new();
    for _ in 0..PROCESSES {
        functions.push(mailing.register().await);
    }
    functions[0].enrol_alice().await;
    let keys = [waiting(&mailing, &functions[0]).await];
    let together = Fault::Together(Arc::new(Barrier::new(PROCESSES)));
    mailing.service.proxy.next(PROCESSES, together);
    let delivered = join_all(functions.iter().map(|register| register.deliver(&keys))).await;
    let [mail] = &mailing.ses.mails()[..] else { panic!("not one mail") };
    assert!(delivered.iter().any(|delivered| delivered.failed.is_empty()));
    for register in &functions {
        assert_eq!(register.deliver(&keys).await.told(), ["no_such_mail"]);
    }
    assert_eq!(mailing.ses.mails(), []);
    assert_good(&mailing, mail).await;
}

#[tokio::test]
async fn a_record_that_cannot_be_delivered_holds_up_no_other() {
    let mailing = Mailing::new().await;
    let register = mailing.register().await;
    let engine = &mailing.service.engine;
    for number in 0..5 {
        let (name, address) = (format!("user{number}"), format!("user{number}@example.com"));
        register.register(&name, Some(&address)).await.assert_status(201);
        register.forgot(&json!({ "username": name })).await;
    }
    let keys = mailing.waiting().await;
    engine.change(&keys[1], "request", Some(AttributeValue::S("canary".to_owned()))).await;
    engine.change(&keys[3], "expires_at", None).await;
    let broken = [keys[1].clone(), keys[3].clone()];
    // No mail, and no key of a mail.
    let all: Vec<_> = [keys.as_slice(), &["USERNAME#user0".to_owned(), "MAIL#canary".to_owned()]].concat();
    let delivered = register.deliver(&all).await;
    assert_eq!(delivered.failed, broken, "{:?}", delivered.trace);
    assert_eq!(mailing.ses.mails().len(), 3);
    assert_eq!(mailing.waiting().await, broken);
}

#[tokio::test]
async fn a_mail_for_nobody_is_forgotten() {
    let mailing = Mailing::new().await;
    let register = mailing.register().await;
    register.register("without.address", None).await.assert_status(201);
    for named in [
        json!({ "username": "nobody" }),
        json!({ "email": "nobody@example.com" }),
        json!({ "username": "without.address" }),
    ] {
        register.forgot(&named).await;
        let delivered = register.deliver(&mailing.waiting().await).await;
        assert_eq!((delivered.failed.len(), delivered.told()), (0, vec!["no_recipient"]), "{named}");
        assert_eq!((mailing.waiting().await.len(), mailing.ses.mails()), (0, vec![]));
    }
}
