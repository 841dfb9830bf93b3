//! A visitor with some devices. It makes one request after the other, of random kinds.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use support::client::{self, PASSWORD, Response};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::diary::Diary;
use crate::session_load::service::{PAUSE, Service};

/// The devices of a visitor on which it is logged in.
const DEVICES: usize = 3;

/// A client that loses a response hangs up within this time, in milliseconds.
const HANGS_UP: u64 = 50;

/// Its request can still be on its way for this time. Two exchanges that overtake it would make it look like a thief's; clients
/// refresh every few minutes.
const ON_ITS_WAY: Duration = Duration::from_secs(4);

/// A tab of several, or a client that lost a response, refreshes within this time, in milliseconds.
const LATER: u64 = 2500;

/// A device keeps what it got in a session.
struct Device {
    session: String,
    bearer: String,
    /// All refresh tokens, the current one last.
    tokens: Vec<String>,
    rests_until: Instant,
}

impl Device {
    fn new(response: &Response) -> Self {
        let (session, bearer, tokens) = (response.text("session_id"), response.bearer(), Vec::new());
        let mut device = Self { session, bearer, tokens, rests_until: Instant::now() };
        device.keep(response);
        device
    }

    /// Keeps the tokens of a response. Returns true if they are the next ones of its session.
    fn keep(&mut self, response: &Response) -> bool {
        let next = response.text("refresh_token");
        let is_next = self.session == response.text("session_id") && !self.tokens.contains(&next);
        self.bearer = response.bearer();
        self.tokens.push(next);
        is_next
    }

    fn current(&self) -> &str {
        self.tokens.last().expect("a token")
    }
}

/// The ways in which a session ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Logout,
    LogoutOfAll,
    ById,
    Operator,
    /// A thief shows a token that was exchanged before the last one.
    Theft,
}

impl End {
    const ALL: [Self; 5] = [Self::Logout, Self::LogoutOfAll, Self::ById, Self::Operator, Self::Theft];

    fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutOfAll => "logout of all",
            Self::ById => "end, by id",
            Self::Operator => "revoke",
            Self::Theft => "refresh, with an old token",
        }
    }

    /// The expected statuses. An id is not found when the response to a first request was lost.
    fn statuses(self) -> &'static [u16] {
        match self {
            Self::Logout | Self::LogoutOfAll => &[204],
            Self::ById => &[204, 404],
            Self::Operator => &[],
            Self::Theft => &[401],
        }
    }

    fn ends_all(self) -> bool {
        matches!(self, Self::LogoutOfAll | Self::Operator)
    }
}

pub struct Visitor {
    service: Service,
    name: String,
    live: Vec<Device>,
    ended: Vec<Device>,
    diary: Diary,
    random: fastrand::Rng,
}

impl Visitor {
    pub fn new(service: Service, number: usize) -> Self {
        let seed = number.try_into().expect("few");
        let (random, diary) = (fastrand::Rng::with_seed(seed), Diary::default());
        let name = format!("visitor{number}");
        Self { service, name, live: Vec::new(), ended: Vec::new(), diary, random }
    }

    pub async fn visit(mut self, until: Instant) -> Self {
        let body = json!({ "username": self.name, "password": PASSWORD });
        // The name is taken when the response to the first request was lost.
        let registered = self.service.post("register", &body).await;
        self.diary.note("register", &[201, 400], &registered);
        while Instant::now() < until {
            match self.random.u32(..20) {
                0..=2 => self.log_in().await,
                3..=4 => self.list().await,
                5 => self.haunt().await,
                6 => self.end().await,
                7..=9 => self.refresh(2, false).await,
                10..=12 => self.refresh(1, true).await,
                _ => self.refresh(1, false).await,
            }
        }
        self
    }

    /// A device that can make the next request.
    fn take(&mut self) -> Option<Device> {
        let now = Instant::now();
        let ready = (0..self.live.len()).filter(|&device| self.live[device].rests_until <= now);
        let ready: Vec<_> = ready.collect();
        self.random.choice(ready).map(|device| self.live.swap_remove(device))
    }

    async fn log_in(&mut self) {
        if self.live.len() == DEVICES {
            return;
        }
        let body = json!({ "username": self.name, "password": PASSWORD, "session": "token" });
        let response = self.service.post("login", &body).await;
        if self.diary.note("login", &[200], &response) {
            self.live.push(Device::new(&response));
        }
    }

    /// Refreshes, from some tabs at about the same time, perhaps after a response that was lost.
    async fn refresh(&mut self, tabs: usize, loses_one: bool) {
        let Some(mut device) = self.take() else { return sleep(PAUSE).await };
        if loses_one {
            self.lose_response(&mut device).await;
        }
        let (request, latest) = match (tabs, loses_one) {
            (1, false) => ("refresh", 1),
            (1, true) => ("refresh, after a lost response", LATER),
            _ => ("refresh, in two tabs", LATER),
        };
        let delays: Vec<_> = (0..tabs).map(|_| Duration::from_millis(self.random.u64(..latest))).collect();
        let refreshes = delays.into_iter().map(async |delay| {
            sleep(delay).await;
            self.service.refresh(device.current()).await
        });
        let responses = join_all(refreshes).await;
        let mut is_live = true;
        for response in &responses {
            is_live &= self.diary.note(request, &[200], response);
        }
        if !is_live {
            return self.ended.push(device);
        }
        let successors: BTreeSet<_> =
            responses.iter().map(|response| response.text("refresh_token")).collect();
        self.diary.expect(successors.len() == 1, || format!("{request}: {} successors", successors.len()));
        self.diary.expect(device.keep(&responses[0]), || format!("{request}: not the next token"));
        let valid = self.service.with_bearer(&Method::POST, "/validate", &device.bearer).await;
        self.diary.note("validate, of a live session", &[200], &valid);
        self.live.push(device);
    }

    /// Sends a refresh and hangs up.
    async fn lose_response(&mut self, device: &mut Device) {
        let hang_up = Duration::from_millis(self.random.u64(..HANGS_UP));
        let body = json!({ "refresh_token": device.current() }).to_string();
        let request = self.service.client.borrow().json("refresh", body);
        // It may be in time, or fail: nobody looks.
        _ = timeout(hang_up, client::try_send(request)).await;
        device.rests_until = Instant::now() + ON_ITS_WAY;
    }

    /// Compares the list with what the devices know, and ends sessions of logins whose response was lost.
    async fn list(&mut self) {
        let Some(device) = self.take() else { return sleep(PAUSE).await };
        let response = self.service.with_bearer(&Method::GET, "/sessions", &device.bearer).await;
        let bearer = device.bearer.clone();
        self.live.push(device);
        if !self.diary.note("list", &[200], &response) {
            return;
        }
        let body: Value = serde_json::from_str(&response.body).expect("JSON");
        let listed = body["sessions"].as_array().expect("a list");
        let mut ids: BTreeSet<_> =
            listed.iter().map(|session| session["id"].as_str().expect("an id").to_owned()).collect();
        self.diary.expect(ids.len() == listed.len(), || format!("{}: listed twice", self.name));
        for device in &self.live {
            self.diary.expect(ids.remove(&device.session), || format!("{}: a session is lost", self.name));
        }
        for device in &self.ended {
            let is_listed = ids.remove(&device.session);
            self.diary.expect(!is_listed, || format!("{}: a session lives twice", self.name));
        }
        for id in ids {
            let path = format!("/sessions/{id}");
            let response = self.service.with_bearer(&Method::DELETE, &path, &bearer).await;
            // It is not found when the response to a first request was lost.
            self.diary.note("end, of a lost login", &[204, 404], &response);
        }
    }

    /// Ends sessions while the device refreshes one of them.
    async fn end(&mut self) {
        let Some(mut device) = self.take() else { return sleep(PAUSE).await };
        let mut end = End::ALL[self.random.usize(..End::ALL.len())];
        if (end == End::Theft && device.tokens.len() < 3) || (end == End::ById && self.live.is_empty()) {
            end = End::Logout;
        }
        let refresh = self.service.refresh(device.current());
        let (response, refreshed) = tokio::join!(self.ended_by(end, &device), refresh);
        if let Some(response) = &response {
            self.diary.note(end.name(), end.statuses(), response);
        }
        if self.diary.note("refresh, at the end of a session", &[200, 401], &refreshed)
            && refreshed.status == 200
        {
            device.keep(&refreshed);
        }
        let mut ended = vec![device];
        if end.ends_all() {
            ended.append(&mut self.live);
        }
        for device in &ended {
            self.must_have_ended(device).await;
        }
        self.ended.append(&mut ended);
    }
    /// The response, but for the operator, who has none.
    async fn ended_by(&self, end: End, device: &Device) -> Option<Response> {
        let Service { tool, .. } = &self.service;
        let logout = json!({ "refresh_token": device.current(), "all": end == End::LogoutOfAll });
        Some(match (end, &self.live[..], &device.tokens[..]) {
            (End::Operator, ..) => {
                assert!(tool.revoke(&self.name).await, "the tool failed");
                return None;
            }
            (End::ById, [other, ..], _) => {
                let path = format!("/sessions/{}", device.session);
                self.service.with_bearer(&Method::DELETE, &path, &other.bearer).await
            }
            (End::Theft, _, [.., old, _, _]) => self.service.refresh(old).await,
            _ => self.service.post("logout", &logout).await,
        })
    }

    /// Tries the tokens of a session that has ended.
    async fn haunt(&mut self) {
        if self.ended.is_empty() {
            return;
        }
        let device = self.ended.swap_remove(self.random.usize(..self.ended.len()));
        self.must_have_ended(&device).await;
        self.ended.push(device);
    }

    async fn must_have_ended(&mut self, device: &Device) {
        let refreshed = self.service.refresh(device.current()).await;
        self.diary.note("refresh, of an ended session", &[401], &refreshed);
        let valid = self.service.with_bearer(&Method::POST, "/validate", &device.bearer).await;
        self.diary.note("validate, of an ended session", &[401], &valid);
    }

    /// Tries all sessions once more. Returns the notes and the number of sessions.
    pub async fn look_back(mut self) -> (Diary, usize) {
        let sessions = self.live.len() + self.ended.len();
        for device in std::mem::take(&mut self.ended) {
            self.must_have_ended(&device).await;
        }
        for device in &self.live {
            sleep_until(device.rests_until).await;
        }
        for _ in 0..self.live.len() {
            self.refresh(1, false).await;
        }
        self.list().await;
        (self.diary, sessions)
    }
}
