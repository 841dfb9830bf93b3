//! Metrics: CloudWatch counts requests from members of their log lines, in embedded metric format:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::time::Timestamp;

static NAMESPACE: OnceLock<String> = OnceLock::new();

/// Counts requests in this namespace from now on.
pub(crate) fn count_in(namespace: &str) {
    NAMESPACE.get_or_init(|| namespace.to_owned());
}

/// The namespace, if requests are counted.
pub(crate) fn namespace() -> Option<&'static str> {
    NAMESPACE.get().map(String::as_str)
}

/// The members that make a metric of a line with the members `function` and `outcome`.
pub(crate) fn members(namespace: &str, ended: Timestamp) -> [(String, Value); 2] {
    let metric = json!({
        "Timestamp": ended.millis(),
        "CloudWatchMetrics": [{
            "Namespace": namespace,
            "Dimensions": [["function", "outcome"]],
            "Metrics": [{ "Name": "Requests", "Unit": "Count" }],
        }],
    });
    [("Requests".to_owned(), 1.into()), ("_aws".to_owned(), metric)]
}
