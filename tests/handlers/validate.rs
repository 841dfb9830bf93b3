use serde_json::{Value, json};

use crate::event::Sender;
use crate::handlers::{Handlers, NOW, PASSWORD, Response};

async fn validate(service: &Handlers, sender: Sender, headers: &[(&str, &str)]) -> Response {
    service.validate(sender.request("POST", headers, "")).await
}

fn assert_invalid(response: &Response, case: &str) {
    assert_eq!(
        (response.status, response.body.as_str()),
        (401, r#"{"code":"invalid_token","valid":false}"#),
        "{case}"
    );
    assert_eq!(response.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#), "{case}");
}

#[tokio::test]
async fn a_good_token_is_valid_in_every_spelling_of_the_header() {
    let service = Handlers::new().await;
    let token = service.enrol("alice").await;
    let id = service.account("alice").await.unwrap().id.to_string();
    for sender in Sender::ALL {
        for name in ["Authorization", "authorization", "AUTHORIZATION"] {
            for scheme in ["Bearer ", "bearer ", "BEARER  ", "Bearer   "] {
                let response = validate(&service, sender, &[(name, &format!("{scheme}{token} "))]).await;
                assert_eq!(
                    (response.status, response.json()),
                    (200, json!({ "valid": true, "user_id": id }))
                );
                assert_eq!(response.header("cache-control"), Some("no-store"));
            }
        }
    }
}

#[tokio::test]
async fn no_token_is_missing() {
    let service = Handlers::new().await;
    let token = service.enrol("alice").await;
    for sender in Sender::ALL {
        for headers in
            [&[][..], &[("authorization", "")], &[("authorization", " ")], &[("authorization", "Bearer ")]]
        {
            let response = validate(&service, sender, headers).await;
            assert_eq!(
                (response.status, response.json()),
                (400, json!({ "code": "token_missing", "error": "Token missing" })),
                "{headers:?}"
            );
            assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        }
        let mut elsewhere = sender.request("POST", &[("cookie", &token)], &format!("Bearer {token}"));
        elsewhere["queryStringParameters"] = json!({ "token": token, "access_token": token });
        elsewhere["rawQueryString"] = format!("token={token}").into();
        assert_eq!(service.validate(elsewhere).await.status, 400);
    }
}

#[tokio::test]
async fn anything_else_in_the_header_is_invalid() {
    let service = Handlers::new().await;
    let token = service.enrol("alice").await;
    for sender in Sender::ALL {
        for value in [
            token.clone(),
            format!("Basic {token}"),
            format!("Token {token}"),
            format!("Bearer\t{token}"),
            format!("Bearer \"{token}\""),
            format!("Bearer {token} x"),
            format!("Bearer {token},"),
            format!("Bearer {token}, Bearer {token}"),
            format!("Bearer {token}\n"),
            format!("Bearer {token}é"),
            format!("Bearer {}", "x".repeat(10_000)),
            "Bearer null".to_owned(),
        ] {
            assert_invalid(&validate(&service, sender, &[("authorization", &value)]).await, &value);
        }
    }
}

#[tokio::test]
async fn of_two_headers_none_is_believed() {
    let service = Handlers::new().await;
    let token = format!("Bearer {}", service.enrol("alice").await);
    for values in
        [json!([token, token]), json!([token, "Bearer x"]), json!(["Bearer x", token]), json!([token, ""])]
    {
        let mut event = Sender::RestApi.request("POST", &[("Authorization", &token)], "");
        event["multiValueHeaders"]["Authorization"] = values.clone();
        assert_invalid(&service.validate(event).await, &values.to_string());
    }
    let both = [("Authorization", token.as_str()), ("authorization", token.as_str())];
    assert_invalid(&validate(&service, Sender::RestApi, &both).await, "two spellings");
    // An HTTP API joins headers of one name.
    let joined = format!("{token},{token}");
    assert_invalid(&validate(&service, Sender::HttpApi, &[("authorization", &joined)]).await, "joined");
}

#[tokio::test]
async fn headers_may_come_in_one_map_only() {
    let service = Handlers::new().await;
    let token = format!("Bearer {}", service.enrol("alice").await);
    let mut event = Sender::RestApi.request("POST", &[("Authorization", &token)], "");
    event["headers"] = Value::Null;
    assert_eq!(service.validate(event.clone()).await.status, 200);
    event["multiValueHeaders"] = Value::Null;
    assert_eq!(service.validate(event).await.status, 400);
}

#[tokio::test]
async fn other_methods_are_refused() {
    let service = Handlers::new().await;
    let token = format!("Bearer {}", service.enrol("alice").await);
    for sender in Sender::ALL {
        let response = service.validate(sender.request("GET", &[("authorization", &token)], "")).await;
        assert_eq!((response.status, response.header("allow")), (405, Some("POST")));
    }
}

#[tokio::test]
async fn the_body_is_not_looked_at() {
    let service = Handlers::new().await;
    let token = format!("Bearer {}", service.enrol("alice").await);
    for body in ["", "canary", "{", &"x".repeat(100_000)] {
        let mut event = Sender::HttpApi.request("POST", &[("authorization", &token)], body);
        assert_eq!(service.validate(event.clone()).await.status, 200);
        event["isBase64Encoded"] = true.into();
        assert_eq!(service.validate(event).await.status, 200);
    }
}

#[tokio::test]
async fn a_token_ends_with_its_account_its_version_and_its_state() {
    for (sql, back) in [
        ("UPDATE accounts SET disabled = 1", Some("UPDATE accounts SET disabled = 0")),
        ("UPDATE accounts SET token_version = 1", Some("UPDATE accounts SET token_version = 0")),
        ("UPDATE accounts SET id = '7d9f4a3c-1b2e-4c5d-8e6f-9a0b1c2d3e4f'", None),
        ("DELETE FROM accounts", None),
    ] {
        let service = Handlers::new().await;
        let token = format!("Bearer {}", service.enrol("alice").await);
        let headers = [("authorization", token.as_str())];
        let validate = || validate(&service, Sender::HttpApi, &headers);
        assert_eq!(validate().await.status, 200);
        service.sql(sql);
        assert_invalid(&validate().await, sql);
        if let Some(back) = back {
            service.sql(back);
            assert_eq!(validate().await.status, 200, "{back}");
        }
    }
}

/// A name that is deleted and registered again: tokens of the former owner are not of the new one.
#[tokio::test]
async fn a_token_is_not_good_for_the_next_owner_of_a_name() {
    let service = Handlers::new().await;
    let token = format!("Bearer {}", service.enrol("alice").await);
    service.sql("DELETE FROM accounts");
    service.enrol("alice").await;
    assert_invalid(&validate(&service, Sender::HttpApi, &[("authorization", &token)]).await, "former owner");
}

#[tokio::test]
async fn a_token_has_its_time() {
    let service = Handlers::with(&[("TOKEN_TTL_SECONDS", "1")]).await;
    let token = service.enrol("alice").await;
    let claims = token.split('.').nth(1).unwrap().to_owned();
    let claims = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW.as_secs()), &json!(NOW.as_secs() + 1)));
}

#[tokio::test]
async fn a_secret_is_rotated_without_ending_tokens() {
    let (old, new) = ("k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE", "another-Secret-0f-thirty-two-byt3s");
    let service = Handlers::with(&[("JWT_SECRET", old)]).await;
    let token = format!("Bearer {}", service.enrol("alice").await);
    let service = service.reconfigured(&[("JWT_SECRET", new), ("JWT_SECRET_PREVIOUS", old)]).await;
    assert_eq!(validate(&service, Sender::HttpApi, &[("authorization", &token)]).await.status, 200);
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let fresh = service.login(Sender::HttpApi.post(&body)).await.json()["token"].as_str().unwrap().to_owned();
    let fresh = format!("Bearer {fresh}");
    let service = service.reconfigured(&[("JWT_SECRET", new)]).await;
    assert_eq!(validate(&service, Sender::HttpApi, &[("authorization", &fresh)]).await.status, 200);
    assert_invalid(
        &validate(&service, Sender::HttpApi, &[("authorization", &token)]).await,
        "the old secret is gone",
    );
}

#[tokio::test]
async fn a_token_for_another_service_with_the_same_secret_is_invalid() {
    for variable in ["JWT_ISSUER", "JWT_AUDIENCE"] {
        let service = Handlers::new().await;
        let token = format!("Bearer {}", service.enrol("alice").await);
        let service = service.reconfigured(&[(variable, "another")]).await;
        assert_invalid(&validate(&service, Sender::HttpApi, &[("authorization", &token)]).await, variable);
        let service = service.reconfigured(&[]).await;
        assert_eq!(validate(&service, Sender::HttpApi, &[("authorization", &token)]).await.status, 200);
    }
}
