//! The attributes and keys that a request to DynamoDB names, which the policies of `template.yaml` limit. No emulator knows such a
//! condition: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>.

use std::collections::BTreeSet;

use serde_json::Value;
use support::cargo::ROOT;

/// The words of expressions that are no attributes.
const WORDS: [&str; 8] =
    ["ADD", "AND", "OR", "REMOVE", "SET", "attribute_exists", "attribute_not_exists", "if_not_exists"];

/// The attributes that a request names, its key among them.
pub fn named(request: &Value) -> BTreeSet<String> {
    let expressions = ["ConditionExpression", "ProjectionExpression", "UpdateExpression"];
    let texts = expressions.iter().filter_map(|member| request[member].as_str());
    let paths = texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && !"_.#:".contains(c)));
    let names = paths.filter_map(|path| path.split('.').next());
    let names = names.filter(|name| !name.is_empty() && !name.starts_with(':') && !WORDS.contains(name));
    let attribute = |name: &str| match name.starts_with('#') {
        true => request["ExpressionAttributeNames"][name].as_str().unwrap().to_owned(),
        false => name.to_owned(),
    };
    let key = request["Key"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    names.map(attribute).chain(key).collect()
}

/// The attributes that a statement of `template.yaml` permits.
pub fn permitted(sid: &str) -> BTreeSet<String> {
    listed(sid, "dynamodb:Attributes")
}

/// The patterns of keys that a statement of `template.yaml` permits, the first with this name.
pub fn permitted_keys(sid: &str) -> BTreeSet<String> {
    listed(sid, "dynamodb:LeadingKeys")
}

fn listed(sid: &str, condition_key: &str) -> BTreeSet<String> {
    let template = std::fs::read_to_string(format!("{ROOT}/template.yaml")).unwrap();
    let (_, statement) = template.split_once(&format!("Sid: {sid}\n")).unwrap();
    let (_, list) = statement.split_once(&format!("'{condition_key}': [")).unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let values = list.split(',').map(|value| value.trim().trim_matches('\''));
    values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
}
