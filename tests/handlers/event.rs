//! Lambda events of API Gateway, function URLs and load balancers, made from the samples in `events/`.

use serde_json::{Value, json};
use support::samples::sample;

/// The sender of a request.
#[derive(Clone, Copy, Debug)]
pub enum Sender {
    RestApi,
    HttpApi,
    FunctionUrl,
    LoadBalancer,
}

impl Sender {
    pub const ALL: [Self; 4] = [Self::RestApi, Self::HttpApi, Self::FunctionUrl, Self::LoadBalancer];

    /// Its name in those of samples.
    fn name(self) -> &'static str {
        match self {
            Self::RestApi => "rest-api",
            Self::HttpApi => "http-api",
            Self::FunctionUrl => "function-url",
            Self::LoadBalancer => "load-balancer",
        }
    }

    /// The sample event of this sender for a function.
    pub fn sample(self, function: &str) -> Value {
        sample(&format!("{function}-{}", self.name()))
    }

    /// A `POST` of a body, declared to be JSON.
    pub fn post(self, body: &str) -> Value {
        self.request("POST", &[("content-type", "application/json")], body)
    }

    /// A request with these headers and no others. Events of a REST API hold them in two maps.
    pub fn request(self, method: &str, headers: &[(&str, &str)], body: &str) -> Value {
        let mut event = self.sample("login");
        match self {
            Self::RestApi | Self::LoadBalancer => event["httpMethod"] = method.into(),
            Self::HttpApi | Self::FunctionUrl => event["requestContext"]["http"]["method"] = method.into(),
        }
        let single: serde_json::Map<_, _> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        if let Self::RestApi = self {
            let mut multi = serde_json::Map::new();
            for (name, value) in headers {
                let values = multi.entry(*name).or_insert_with(|| json!([]));
                values.as_array_mut().unwrap().push((*value).into());
            }
            event["multiValueHeaders"] = multi.into();
        }
        event["headers"] = single.into();
        event["body"] = body.into();
        event
    }

    /// The same request at another path.
    pub fn at(self, path: &str, mut event: Value) -> Value {
        let member = match self {
            Self::RestApi | Self::LoadBalancer => "path",
            Self::HttpApi | Self::FunctionUrl => "rawPath",
        };
        event[member] = path.into();
        event
    }
}
