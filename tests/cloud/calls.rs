//! Names of requests to DynamoDB: their operations and keys.

use serde_json::Value;

/// An operation with its keys, as `GetItem USERNAME#alice`.
pub fn call(operation: &str, body: &Value) -> String {
    let keys = parts(operation, body).into_iter().filter_map(|(_, part)| key(part));
    let consistent = if body["ConsistentRead"] == true { "consistent " } else { "" };
    format!("{consistent}{operation} {}", keys.collect::<Vec<_>>().join(" "))
}

/// The operations of a request: those that its transaction is made of, as policies know them, or itself.
pub fn parts<'a>(operation: &'a str, body: &'a Value) -> Vec<(&'a str, &'a Value)> {
    let Some(transaction) = body["TransactItems"].as_array() else { return vec![(operation, body)] };
    let part = |item: &'a Value| {
        let (kind, part) = item.as_object().unwrap().iter().next().unwrap();
        (kind.as_str(), part)
    };
    transaction.iter().map(part).collect()
}

/// The key of an item that is read or written.
fn key(part: &Value) -> Option<&str> {
    [&part["Key"], &part["Item"]].into_iter().find_map(|item| item["pk"]["S"].as_str())
}
