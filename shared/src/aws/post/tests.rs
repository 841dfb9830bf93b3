//! Calls of a server that keeps to a script. `tests/cloud` calls the stand-ins, which check every signature.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::aws::tests::aws;
use crate::log;

const GOOD: Reply = Reply::Json(200, r#"{"good":true}"#);

/// The server's reaction to a request.
#[derive(Clone, Copy, Debug)]
enum Reply {
    /// It breaks the connection.
    Cut,
    /// It promises a longer body than it sends.
    Cut200,
    /// It sends a body without end.
    Endless,
    /// Nothing.
    Hang,
    /// It responds.
    Json(u16, &'static str),
    /// It responds with an error, and the time of a clock that is an hour ahead.
    Skewed,
}

/// A server that follows a script and then gives good responses.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(script: &'static [Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(connection, script, seen.clone()));
            }
        });
        Self { address, requests }
    }

    async fn call(&self) -> Result<SecretSlice<u8>, CallError> {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_millis(400))
            .operation_timeout(Duration::from_secs(10));
        self.call_within(timeouts.build()).await
    }

    async fn call_within(&self, timeouts: TimeoutConfig) -> Result<SecretSlice<u8>, CallError> {
        let service = Service::new(&aws(), "service", Some(&format!("http://{}", self.address)));
        let headers =
            &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "service.Operation")];
        let body = SecretString::from(r#"{"asked":"canary"}"#);
        Post { path: "/path".into(), headers, body, timeouts }.send(&service).await
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut connection: TcpStream, script: &[Reply], requests: Arc<Mutex<Vec<String>>>) {
    let request = read(&mut connection).await;
    let number = {
        let mut requests = requests.lock().unwrap();
        requests.push(request);
        requests.len() - 1
    };
    let response = match script.get(number).copied().unwrap_or(GOOD) {
        Reply::Cut => return,
        Reply::Cut200 => "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}".to_owned(),
        Reply::Endless => return endless(connection).await,
        Reply::Hang => std::future::pending().await,
        Reply::Json(status, body) => {
            format!("HTTP/1.1 {status} \r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        }
        Reply::Skewed => {
            "HTTP/1.1 400 \r\ncontent-length: 0\r\nx-amzn-errortype: InvalidSignatureException\r\n\
                          date: Fri, 01 Jan 2100 12:00:00 GMT\r\nconnection: close\r\n\r\n"
                .to_owned()
        }
    };
    connection.write_all(response.as_bytes()).await.unwrap();
}

async fn endless(mut connection: TcpStream) {
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let start = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut sent = connection.write_all(start.as_bytes()).await;
    // The client closes the connection.
    while sent.is_ok() {
        sent = connection.write_all(chunk.as_bytes()).await;
    }
}

/// Reads until the end of the body.
async fn read(connection: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        assert!(connection.read_buf(&mut request).await.unwrap() > 0, "{request:?}");
    }
    String::from_utf8(request).unwrap()
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_and_signed_with_its_session() {
    let server = Server::start(&[]).await;
    let response = server.call().await.unwrap();
    assert_eq!(response.expose_secret(), br#"{"good":true}"#);
    assert!(!format!("{response:?}").contains("good"));
    let [request] = &server.requests()[..] else { panic!() };
    assert!(request.starts_with("POST /path HTTP/1.1\r\n") && request.ends_with(r#"{"asked":"canary"}"#));
    for header in [
        "\r\nx-amz-target: service.Operation\r\n",
        "\r\nx-amz-security-token: session\r\n",
        "\r\ncontent-length: 18\r\n",
        "/eu-west-1/service/aws4_request, ",
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, ",
    ] {
        assert!(request.contains(header), "{header}: {request}");
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times() {
    const THROTTLED: Reply = Reply::Json(400, r#"{"__type":"ThrottlingException"}"#);
    for script in [
        &[Reply::Cut, Reply::Cut200, GOOD][..],
        &[Reply::Hang, Reply::Hang, GOOD],
        &[Reply::Json(500, "canary"), Reply::Json(503, "{}"), GOOD],
        &[Reply::Json(502, ""), Reply::Json(504, "[]"), GOOD],
        &[THROTTLED, THROTTLED, GOOD],
    ] {
        let server = Server::start(script).await;
        assert!(server.call().await.is_ok(), "{script:?}");
        assert_eq!(server.requests().len(), 3, "{script:?}");
    }
}

#[tokio::test]
async fn after_three_attempts_the_last_error_is_that_of_the_call() {
    for (script, expected) in [
        (&[Reply::Cut; 4][..], "no whole response: "),
        (&[Reply::Cut200; 4], "no whole response: "),
        (&[Reply::Hang; 4], "no response in time"),
        (&[Reply::Json(500, r#"{"Message":"canary"}"#); 4], "status 500, without a code"),
        (&[Reply::Json(400, r#"{"__type":"a#ThrottlingException"}"#); 4], "status 400, ThrottlingException"),
    ] {
        let server = Server::start(script).await;
        let error = log::chain(&server.call().await.unwrap_err());
        assert!(error.starts_with(expected) && !error.contains("canary"), "{error}");
        assert_eq!(server.requests().len(), 3, "{script:?}");
    }
}

#[tokio::test]
async fn what_stays_is_not_tried_again() {
    for (reply, expected) in [
        (
            &[Reply::Json(400, r#"{"__type":"AccessDeniedException","Message":"canary"}"#)],
            "AccessDeniedException",
        ),
        (&[Reply::Json(400, r#"{"__type":"ResourceNotFoundException"}"#)], "ResourceNotFoundException"),
        (&[Reply::Json(400, "canary")], "without a code"),
        (&[Reply::Json(403, r#"{"__type":"can ary"}"#)], "without a code"),
    ] {
        let server = Server::start(reply).await;
        let error = server.call().await.unwrap_err();
        assert!(matches!(&error, CallError::Refused { code, .. } if code == expected), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("can"), "{error:?}");
        assert_eq!(server.requests().len(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_response_is_read_up_to_a_bound() {
    let server = Server::start(&[Reply::Endless; 3]).await;
    let error = server.call().await.unwrap_err();
    assert_eq!(log::chain(&error), "no whole response: length limit exceeded");
}

#[tokio::test]
async fn the_deadline_of_the_call_holds_for_all_attempts() {
    let server = Server::start(&[Reply::Hang; 3]).await;
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(100)).build();
    let error = server.call_within(timeouts).await.unwrap_err();
    assert!(matches!(error, CallError::TimedOut), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

/// The clock of the machine is wrong; the response tells the time.
#[tokio::test]
async fn a_request_of_another_time_is_signed_again_at_the_right_one() {
    let server = Server::start(&[Reply::Skewed]).await;
    assert!(server.call().await.is_ok());
    let [first, second] = &server.requests()[..] else { panic!() };
    assert!(!first.contains("\r\nx-amz-date: 21000101T"), "{first}");
    assert!(second.contains("\r\nx-amz-date: 21000101T12"), "{second}");
}

#[tokio::test]
async fn a_closed_port_is_no_connection() {
    let server = Server { address: "127.0.0.1:1".parse().unwrap(), requests: Arc::default() };
    let error = server.call().await.unwrap_err();
    assert!(matches!(error, CallError::Transport(_)), "{error:?}");
}

#[test]
fn a_code_is_a_word_without_its_namespace() {
    for (header, body, code) in [
        (None, r#"{"__type":"AccessDeniedException"}"#, Some("AccessDeniedException")),
        (
            None,
            r#"{"__type":"com.amazon.coral.service#AccessDeniedException"}"#,
            Some("AccessDeniedException"),
        ),
        (None, r#"{"__type":"x","code":"y","Message":"z"}"#, Some("y")),
        (
            Some("InvalidParameter:http://internal.amazon.com/coral/"),
            r#"{"code":"y"}"#,
            Some("InvalidParameter"),
        ),
        (Some(""), "{}", None),
        (None, r#"{"__type":7}"#, None),
        (None, r#"{"__type":"two words"}"#, None),
        (None, "<html>", None),
        (None, "", None),
    ] {
        assert_eq!(error_code(header, body.as_bytes()).as_deref(), code, "{header:?} {body}");
    }
    let long = format!(r#"{{"__type":"{}"}}"#, "x".repeat(MAX_CODE + 1));
    assert_eq!(error_code(None, long.as_bytes()), None);
}
