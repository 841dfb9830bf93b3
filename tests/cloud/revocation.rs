use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::deployed::{Deployed, PASSWORD};
use crate::function::{Function, Response};

const ALICE: &str = "USERNAME#alice";

async fn assert_refused(validate: &Function, token: &str, reason: &str) {
    let refused: Response = validate.validate(token).await.assert_status(401);
    assert_eq!(refused.body, json!({ "code": "invalid_token", "valid": false }));
    assert_eq!(refused.headers["www-authenticate"], r#"Bearer error="invalid_token""#);
    assert_eq!(refused.trace.request_line()["reason"], reason);
}

async fn assert_kept_out(login: &Function, reason: &str) {
    let refused = login.login("alice", PASSWORD).await.assert_status(401);
    assert_eq!(refused.body, json!({ "code": "invalid_credentials", "error": "Invalid credentials" }));
    assert_eq!(refused.trace.request_line()["reason"], reason);
}

#[tokio::test]
async fn all_tokens_end_with_their_account() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let login = service.start("login").await;
    let validate = service.start("validate").await;
    let token = register.register("alice", None).await.assert_status(201).token().to_owned();
    validate.validate(&token).await.assert_status(200);

    for disabled in [true, false] {
        service.engine.change(ALICE, "disabled", Some(AttributeValue::Bool(disabled))).await;
        if disabled {
            assert_refused(&validate, &token, "disabled").await;
            assert_kept_out(&login, "disabled").await;
        } else {
            validate.validate(&token).await.assert_status(200);
            login.login("alice", PASSWORD).await.assert_status(200);
        }
    }

    service.engine.change(ALICE, "token_version", Some(AttributeValue::N("1".to_owned()))).await;
    assert_refused(&validate, &token, "revoked").await;
    let fresh = login.login("alice", PASSWORD).await.assert_status(200).token().to_owned();
    validate.validate(&fresh).await.assert_status(200);

    service.engine.delete(ALICE).await;
    for token in [&token, &fresh] {
        assert_refused(&validate, token, "no_such_account").await;
    }
    assert_kept_out(&login, "unknown_user").await;

    let another = register.register("alice", None).await.assert_status(201).token().to_owned();
    assert_refused(&validate, &fresh, "no_such_account").await;
    assert_refused(&validate, &token, "no_such_account").await;
    validate.validate(&another).await.assert_status(200);
}
