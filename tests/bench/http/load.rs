//! A client that keeps a number of connections busy, each with one request at a time.

use std::cell::Cell;
use std::io::{Read, stdin};
use std::time::{Duration, Instant};

use axum::body::{Bytes, to_bytes};
use axum::http::Request;
use futures_util::future::join_all;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// Stands in a body for the number of the request.
const NUMBER: &str = "COUNTER";

/// Stands in a body for the token of the connection.
const TOKEN: &str = "REFRESH";

struct Plan {
    address: String,
    connections: usize,
    /// The load lasts so long, and longer until there are `least` responses.
    duration: Duration,
    least: usize,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    /// Numbers begin here, and begin again after so many.
    first: usize,
    numbers: usize,
    /// The first token of each connection, and the member of each response that is the next one, if there is one.
    tokens: Vec<String>,
    next_token: Option<String>,
    /// The requests so far.
    sent: Cell<usize>,
    started: Instant,
}

/// Sends what the plan on standard input says, and prints the time of each response in microseconds.
pub async fn run() {
    let mut text = String::new();
    stdin().read_to_string(&mut text).unwrap();
    let plan = Plan::of_json(&serde_json::from_str(&text).unwrap());
    let connections = (0..plan.connections).map(|number| plan.keep_busy(number));
    let times: Vec<u64> = join_all(connections).await.concat();
    println!("{}", json!({ "seconds": plan.started.elapsed().as_secs_f64(), "microseconds": times }));
}

impl Plan {
    fn of_json(plan: &Value) -> Self {
        let text = |name: &str| plan[name].as_str().unwrap().to_owned();
        let number = |name: &str| usize::try_from(plan[name].as_u64().unwrap()).unwrap();
        let headers = plan["headers"].as_object().unwrap().iter();
        let tokens = plan["tokens"].as_array().unwrap().iter();
        Self {
            address: text("address"),
            connections: number("connections"),
            duration: Duration::from_secs_f64(plan["seconds"].as_f64().unwrap()),
            least: number("least"),
            method: text("method"),
            path: text("path"),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            body: text("body"),
            first: number("first"),
            numbers: number("numbers"),
            tokens: tokens.map(|token| token.as_str().unwrap().to_owned()).collect(),
            next_token: plan["next_token"].as_str().map(ToOwned::to_owned),
            sent: Cell::new(0),
            started: Instant::now(),
        }
    }

    /// Sends one request after another, and returns their times.
    async fn keep_busy(&self, number: usize) -> Vec<u64> {
        let mut token = self.tokens.get(number).cloned().unwrap_or_default();
        let mut connection = self.connect().await;
        let mut times = Vec::new();
        while self.started.elapsed() < self.duration || self.sent.get() < self.least {
            let request = self.request(&token);
            if connection.ready().await.is_err() {
                connection = self.connect().await;
            }
            let sent = Instant::now();
            let response = connection.send_request(request).await.unwrap();
            let status = response.status();
            let body = to_bytes(axum::body::Body::new(response.into_body()), usize::MAX).await.unwrap();
            times.push(u64::try_from(sent.elapsed().as_micros()).unwrap());
            assert!(status.is_success(), "{} gets {status}: {}", self.path, String::from_utf8_lossy(&body));
            if let Some(member) = &self.next_token {
                let body: Value = serde_json::from_slice(&body).unwrap();
                body[member].as_str().unwrap().clone_into(&mut token);
            }
        }
        times
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        // It ends with an error when the server closes it, which the next request notices.
        tokio::spawn(async { drop(connection.await) });
        sender
    }

    fn request(&self, token: &str) -> Request<Full<Bytes>> {
        let number = self.sent.replace(self.sent.get() + 1);
        let number = self.first + number % self.numbers;
        let body = self.body.replace(NUMBER, &number.to_string()).replace(TOKEN, token);
        let mut request = Request::builder().method(self.method.as_str()).uri(&self.path);
        request = request.header("host", &self.address);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(body.into())).unwrap()
    }
}
