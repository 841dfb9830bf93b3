//! The notes of visitors: all responses, and those that they did not expect.

use std::collections::BTreeMap;
use std::time::Duration;

use support::client::Response;

#[derive(Default)]
pub struct Diary {
    /// The number of responses by request and status.
    responses: BTreeMap<(&'static str, u16), u64>,
    /// What was not as expected.
    pub surprises: Vec<String>,
}

impl Diary {
    pub fn and(mut self, other: Self) -> Self {
        for (response, times) in other.responses {
            *self.responses.entry(response).or_default() += times;
        }
        self.surprises.extend(other.surprises);
        self
    }

    /// Notes a response. Returns true if it has an expected status.
    pub fn note(&mut self, request: &'static str, expected: &[u16], response: &Response) -> bool {
        *self.responses.entry((request, response.status)).or_default() += 1;
        let is_expected = expected.contains(&response.status);
        self.expect(is_expected, || format!("{request}: {}", response.status));
        is_expected
    }

    pub fn expect(&mut self, is_expected: bool, surprise: impl FnOnce() -> String) {
        if !is_expected {
            self.surprises.push(surprise());
        }
    }

    /// Prints the number of responses, of each kind and per second.
    pub fn print(&self, took: Duration) {
        let requests: u64 = self.responses.values().sum();
        let seconds = took.as_secs_f64();
        let rate = f64::from(u32::try_from(requests).expect("few")) / seconds;
        println!("{requests} requests in {seconds:.0} s, {rate:.0} per second");
        println!("\n| request | status | responses |\n|---|---|---|");
        for ((request, status), times) in &self.responses {
            println!("| {request} | {status} | {times} |");
        }
    }
}
