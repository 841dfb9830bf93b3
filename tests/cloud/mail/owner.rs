//! What the owner of an account does by mail, each step by an event of its own.

use serde_json::json;

use super::{ADDRESS, APP, Mailing, NEW};
use crate::deployed::PASSWORD;

const OTHER: &str = "other.canary@example.com";

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_way_of_the_mailbox() {
    let mailing = Mailing::new().await;
    let (register, login) = (mailing.register().await, mailing.service.start("login").await);
    let validate = mailing.service.start("validate").await;
    let token = register.enrol_alice().await;
    register.forgot(&json!({ "email": ADDRESS })).await;
    let mail = mailing.deliver_one(&register).await;
    assert_eq!(
        (mail.to.as_str(), mail.from.as_str()),
        (ADDRESS, "\"serverless-auth\" <noreply@example.com>")
    );
    let code = mail.code().unwrap();
    assert!(mail.text().contains(&format!("{APP}/reset")), "{}", mail.text());
    validate.validate(&token).await.assert_status(200);

    register.reset(code).await.assert_status(200);
    validate.validate(&token).await.assert_status(401);
    let by_email = |password: &str| json!({ "email": ADDRESS, "password": password });
    login.post("/login", &by_email(PASSWORD)).await.assert_status(401);
    let logged_in = login.post("/login", &by_email(NEW)).await.assert_status(200);
    validate.validate(logged_in.token()).await.assert_status(200);
    let notice = mailing.deliver_one(&register).await;
    assert_eq!((notice.to.as_str(), notice.code()), (ADDRESS, None));
    register.reset(code).await.assert_status(400);
}

#[tokio::test]
async fn a_password_and_an_address_are_changed_and_the_account_is_deleted() {
    let mailing = Mailing::new().await;
    let (register, login) = (mailing.register().await, mailing.service.start("login").await);
    let token = register.enrol_alice().await;
    register.change_email(&token, OTHER).await.assert_status(202);
    let mails = mailing.deliver(&register).await;
    let to = |address: &str| mails.iter().find(|mail| mail.to == address).unwrap();
    assert_eq!((mails.len(), to(ADDRESS).code()), (2, None));
    register.confirm(OTHER, to(OTHER).code().unwrap()).await.assert_status(200);
    assert!(mailing.service.engine.keys().await.iter().any(|key| *key == format!("EMAIL#{OTHER}")));

    let changed = register.change_password(&token).await.assert_status(200);
    login.login("alice", PASSWORD).await.assert_status(401);
    login.login("alice", NEW).await.assert_status(200);
    assert_eq!(mailing.deliver_one(&register).await.to, OTHER);

    register.delete_account(changed.token(), PASSWORD).await.assert_status(401);
    register.delete_account(changed.token(), NEW).await.assert_status(204);
    assert_eq!(mailing.deliver_one(&register).await.to, OTHER);
    login.login("alice", NEW).await.assert_status(401);
    let keys = mailing.service.engine.keys().await;
    assert!(!keys.iter().any(|key| key.starts_with("USERNAME#") || key.starts_with("EMAIL#")), "{keys:?}");
    register.enrol_alice().await;
}

#[tokio::test]
async fn an_address_is_confirmed_before_its_account_can_be_used() {
    let mailing = Mailing::new().await;
    let register = mailing.register_with(&[("VERIFY_EMAIL", "required")]).await;
    let login = mailing.service.start("login").await;
    for username in ["alice", "mallory"] {
        let registered = register.register(username, Some(ADDRESS)).await.assert_status(202);
        assert_eq!((&registered.body["pending"], registered.body.get("token")), (&json!("email"), None));
    }
    let mails = mailing.deliver(&register).await;
    let mail = mails.iter().find(|mail| mail.text().contains("the account alice at")).unwrap();
    assert_eq!(mails.len(), 2);
    login.login("alice", PASSWORD).await.assert_status(403);
    register.confirm(ADDRESS, mail.code().unwrap()).await.assert_status(200);
    login.login("alice", PASSWORD).await.assert_status(200);
    login.login("mallory", PASSWORD).await.assert_status(403);
}

/// A stranger sees by nothing in the request if there is such an account: one write of the same size.
#[tokio::test]
async fn who_is_asked_for_makes_no_difference_to_a_request() {
    let mailing = Mailing::new().await;
    let register = mailing.register().await;
    register.enrol_alice().await;
    mailing.service.proxy.calls();
    let mut sizes = Vec::new();
    for named in [
        json!({ "username": "alice" }),
        json!({ "username": "nobod" }),
        json!({ "email": ADDRESS }),
        json!({ "email": ADDRESS.replace("alice", "nobod") }),
    ] {
        register.forgot(&named).await;
        let [key] = &mailing.waiting().await[..] else { panic!("not one mail") };
        assert_eq!(mailing.service.proxy.calls(), [format!("PutItem {key}")], "{named}");
        let item = &mailing.service.engine.items().await[key];
        let size = |(name, value)| (name, format!("{value:?}").len());
        sizes.push(item.clone().into_iter().map(size).collect::<Vec<_>>());
        mailing.service.engine.delete(key).await;
    }
    assert_eq!((&sizes[0], &sizes[2]), (&sizes[1], &sizes[3]));
}

#[tokio::test]
async fn without_a_sender_the_routes_that_need_mail_say_so_and_the_others_work() {
    let mailing = Mailing::new().await;
    let register = mailing.service.start("register").await;
    let token = register.enrol_alice().await;
    for path in ["/password/forgot", "/password/reset", "/email", "/email/confirm"] {
        let body = json!({
            "username": "alice", "email": ADDRESS, "code": "01234-56789", "new_password": NEW, "current_password": PASSWORD,
        });
        let response = register.post_as(&token, path, &body).await;
        let expected = json!({ "code": "mail_not_configured", "error": "Mail is not configured" });
        assert_eq!((response.status, response.body), (501, expected), "{path}");
    }
    let changed = register.change_password(&token).await.assert_status(200);
    register.delete_account(changed.token(), NEW).await.assert_status(204);
    assert_eq!(mailing.waiting().await, [""; 0]);

    let required = [("VERIFY_EMAIL", Some("required"))];
    let refusal = mailing.service.refusal("register", &required).await;
    crate::start::assert_says(&refusal, "MAIL_FROM must be set where VERIFY_EMAIL is required");
}
