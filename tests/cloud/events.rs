use serde_json::json;

use crate::binaries::FUNCTIONS;
use crate::deployed::{Deployed, PASSWORD};
use crate::function::Function;

/// Asserts the response to a request without an account. Each number is another unknown name.
async fn assert_serves(function: &Function, name: &str, number: usize) {
    match name {
        "register" => function.register("no name", None).await.assert_status(400),
        "login" => function.login(&format!("nobody{number}"), PASSWORD).await.assert_status(401),
        _ => function.validate("no.good.token").await.assert_status(401),
    };
}

#[tokio::test]
async fn an_event_that_is_not_http_is_an_error_and_the_next_one_is_served() {
    let service = Deployed::new().await;
    for name in FUNCTIONS {
        let function = service.start(name).await;
        let events = [
            json!(null),
            json!([]),
            json!("canary"),
            json!({ "version": "2.0" }),
            json!({ "Records": [{ "eventSource": "aws:sqs", "body": "canary" }] }),
            json!({ "source": "aws.s3", "detail-type": "Object Created", "detail": { "canary": 1 } }),
            json!({ "version": "2.0", "requestContext": { "http": { "method": "canary canary" } } }),
        ];
        for (number, event) in events.iter().enumerate() {
            let invoked = function.invoke(&event.to_string()).await;
            let error = invoked.outcome.expect_err("an error");
            let expected = json!({ "errorType": "UnknownEvent", "errorMessage": "Internal error" });
            assert_eq!(error, expected, "{event}");
            // One line of the function, with the request id, and one of the runtime.
            assert_eq!(invoked.trace.errors(), 2, "{event}: {:?}", invoked.trace);
            assert_serves(&function, name, number).await;
        }
    }
}

#[tokio::test]
async fn a_payload_that_is_not_json_is_an_error_that_does_not_repeat_it() {
    let service = Deployed::new().await;
    for name in FUNCTIONS {
        let function = service.start(name).await;
        let payloads = ["", "canary", r#"{"canary": "#, r#"{"body":"canary"} canary"#];
        for (number, payload) in payloads.into_iter().enumerate() {
            let error = function.invoke(payload).await.outcome.expect_err("an error").to_string();
            assert!(!error.contains("canary"), "{error}");
            assert_serves(&function, name, number).await;
        }
    }
}
