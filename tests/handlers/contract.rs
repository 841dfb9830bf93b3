//! The contract: a response is one that `docs/openapi.yaml` has for the route, by its status, its headers and its body.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::{Draft, Validator};
use serde_json::Value;
use shared::log::Outcome;

use crate::handlers::Response;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("../../docs/openapi.yaml")).unwrap());

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| Operation::read(method, path, operation))
    });
    operations.collect()
});

static METHOD_NOT_ALLOWED: LazyLock<Documented> =
    LazyLock::new(|| Documented::read(&DOCUMENT["components"]["responses"]["MethodNotAllowed"]));

/// A method of a path.
struct Operation {
    function: &'static str,
    method: String,
    path: &'static str,
    /// The fields of its body.
    fields: Vec<&'static str>,
    responses: BTreeMap<String, Documented>,
}

/// A response of the document.
struct Documented {
    headers: BTreeMap<&'static str, Header>,
    /// `None` for a response without a body.
    body: Option<Validator>,
}

struct Header {
    is_required: bool,
    is_integer: bool,
    value: Validator,
}

impl Operation {
    fn read(method: &str, path: &'static str, operation: &'static Value) -> Self {
        let body = resolve(&operation["requestBody"]["content"]["application/json"]["schema"]);
        let fields = body["properties"].as_object().into_iter().flat_map(|fields| fields.keys());
        let responses = operation["responses"].as_object().unwrap().iter();
        Self {
            function: operation["tags"][0].as_str().unwrap(),
            method: method.to_uppercase(),
            path,
            fields: fields.map(String::as_str).collect(),
            responses: responses
                .map(|(status, is)| (status.clone(), Documented::read(resolve(is))))
                .collect(),
        }
    }

    fn has_end_of(&self, path: &str) -> bool {
        let mut segments = path.trim_end_matches('/').rsplit('/');
        self.path.rsplit('/').filter(|segment| !segment.is_empty()).all(|segment| {
            segments.next().is_some_and(|found| found == segment || segment == "{id}" && !found.is_empty())
        })
    }

    /// The first error of a field that the body does not have.
    fn names_others(&self, response: &Response) -> Option<String> {
        let codes = response.header("x-error-codes").into_iter().flat_map(|codes| codes.split(", "));
        let mut fields = codes.filter_map(|code| code.split('=').next());
        fields.find(|field| !self.fields.contains(field)).map(|field| format!("no field {field}"))
    }
}

impl Documented {
    fn read(response: &'static Value) -> Self {
        let headers = response["headers"].as_object().into_iter().flatten();
        let body = response.get("content").map(|content| validator(&content["application/json"]["schema"]));
        Self { headers: headers.map(|(name, header)| (name.as_str(), Header::read(header))).collect(), body }
    }

    /// The first difference of a response.
    fn differs(&self, response: &Response) -> Option<String> {
        let of_body = self.body.is_some().then_some("application/json");
        if response.header("content-type") != of_body {
            return Some("another media type".to_owned());
        }
        if let Some(body) = &self.body
            && let Err(error) = body.validate(&response.json())
        {
            return Some(error.to_string());
        }
        if of_body.is_none() && !response.body.is_empty() {
            return Some("a body".to_owned());
        }
        self.headers_differ(response)
    }

    fn headers_differ(&self, response: &Response) -> Option<String> {
        let cookies = response.cookies.iter().map(|value| ("set-cookie", value.as_str()));
        let headers = response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // Headers for a page of another origin are those of API Gateway, which the functions stand in for on a laptop.
        let is_of_page = |name: &str| is_to_page(response) && name.starts_with("access-control-");
        let is_others = |name: &str| matches!(name, "content-type" | "vary") || is_of_page(name);
        let found: Vec<_> = headers.filter(|(name, _)| !is_others(name)).chain(cookies).collect();
        let is_found = |name: &str| found.iter().any(|(found, _)| *found == name) || is_of_page(name);
        let missing = self.headers.iter().find(|(name, header)| header.is_required && !is_found(name));
        let wrong = found.iter().find(|(name, value)| !self.headers.get(name).is_some_and(|it| it.is(value)));
        let wrong = wrong.map(|(name, value)| format!("{name}: {value}"));
        missing.map(|(name, _)| format!("no {name}")).or(wrong)
    }
}

impl Header {
    fn read(header: &'static Value) -> Self {
        let header = resolve(header);
        Self {
            is_required: header["required"] == true,
            is_integer: header["schema"]["type"] == "integer",
            value: validator(&header["schema"]),
        }
    }

    fn is(&self, value: &str) -> bool {
        let number = || value.parse::<u64>().ok().map(Value::from);
        let value = if self.is_integer { number() } else { Some(value.into()) };
        value.is_some_and(|value| self.value.is_valid(&value))
    }
}

/// `true` for the response to a request that names the origin of a page.
fn is_to_page(response: &Response) -> bool {
    response.header("vary") == Some("origin")
}

/// The first difference of a response to another method. `allow` has that of the path, which is the only one.
fn not_allowed_differs(operation: &Operation, response: &Response) -> Option<String> {
    let expected = (405, Some(operation.method.as_str()));
    let found = (response.status, response.header("allow"));
    (found != expected).then(|| format!("{found:?}")).or_else(|| METHOD_NOT_ALLOWED.differs(response))
}

/// A part of the document, or what it refers to.
fn resolve(part: &'static Value) -> &'static Value {
    part["$ref"].as_str().map_or(part, |place| DOCUMENT.pointer(place.trim_start_matches('#')).unwrap())
}

/// The schemas of `OpenAPI` 3.0 are those of draft 4, as far as responses need them.
fn validator(schema: &'static Value) -> Validator {
    let mut schema = schema.clone();
    schema["components"] = DOCUMENT["components"].clone();
    jsonschema::options().with_draft(Draft::Draft4).build(&schema).unwrap()
}

/// Asserts that the response of a function to an event is in the contract. Health checks are not, which clients do not make, nor
/// preflight requests, which browsers make.
pub fn check(function: &str, event: &Value, response: &Response) {
    if event["headers"]["user-agent"].as_str().is_some_and(|agent| agent.starts_with("ELB-HealthChecker/")) {
        return;
    }
    let http = &event["requestContext"]["http"];
    let method = http["method"].as_str().or(event["httpMethod"].as_str()).unwrap();
    let path = event["rawPath"].as_str().or(event["path"].as_str()).unwrap_or_default();
    if method == "OPTIONS" && is_to_page(response) {
        return;
    }
    let mut own = OPERATIONS.iter().filter(|operation| operation.function == function);
    let first = || OPERATIONS.iter().find(|operation| operation.path == format!("/{function}"));
    let operation = own.find(|operation| operation.has_end_of(path)).or_else(first).unwrap();
    let differs = match operation.responses.get(&response.status.to_string()) {
        _ if method != operation.method => not_allowed_differs(operation, response),
        Some(documented) => operation.names_others(response).or_else(|| documented.differs(response)),
        None => Some("no such status".to_owned()),
    };
    assert_eq!(differs, None, "{method} {path} of {function}: {response:?}");
}

#[test]
fn the_contract_has_each_code_of_an_error_and_no_other() {
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap().values();
    let mut documented: Vec<_> =
        schemas.filter_map(|schema| schema["properties"]["code"]["enum"][0].as_str()).collect();
    documented.sort_unstable();
    let is_code = |outcome: &Outcome| {
        !matches!(
            outcome,
            // Successes, and errors of fields, which have codes of their own.
            Outcome::HealthCheck
                | Outcome::InvalidFields
                | Outcome::MailSent
                | Outcome::MailUnsent
                | Outcome::Ok
                | Outcome::Ping
        )
    };
    let codes: Vec<_> = Outcome::ALL.iter().copied().filter(is_code).map(Outcome::as_str).collect();
    assert_eq!(documented, codes);
}
