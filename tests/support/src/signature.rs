//! The check of a signature as AWS makes it, by its own description and not by the code that signs:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use axum::http::{HeaderMap, Method};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A request without a query, as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path.
    pub path: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

impl Received<'_> {
    /// Checks that a request is signed with this key for a service in a region, and its host, its moment, its operation and
    /// its session with it.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn check(&self, secret_key: &str, region: &str, service: &str) -> Result<(), String> {
        let authorization = self.header("authorization")?;
        let [credential, signed, signature] = parts(authorization).ok_or("another form")?;
        let moment = self.header("x-amz-date")?;
        let date = moment.get(..8).ok_or("no date")?;
        let scope = format!("{date}/{region}/{service}/aws4_request");
        if credential.split_once('/').is_none_or(|(_, of)| of != scope) {
            return Err(format!("the scope is not {scope}"));
        }
        for name in ["host", "x-amz-date", "x-amz-security-token", "x-amz-target"] {
            let present = name == "host" || self.headers.contains_key(name);
            if present && !signed.split(';').any(|signed| signed == name) {
                return Err(format!("{name} is not signed"));
            }
        }
        let request = self.canonical(signed)?;
        let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&Sha256::digest(request)));
        let steps = [date, region, service, "aws4_request", &text];
        let key = format!("AWS4{secret_key}").into_bytes();
        let expected = steps.into_iter().fold(key, |key, step| hmac(&key, step));
        if hex(&expected) == signature { Ok(()) } else { Err("another signature".to_owned()) }
    }

    fn canonical(&self, signed: &str) -> Result<String, String> {
        let mut headers = String::new();
        for name in signed.split(';') {
            headers.push_str(&format!("{name}:{}\n", self.header(name)?.trim()));
        }
        let body = hex(&Sha256::digest(self.body));
        // Encoded once more than it was sent.
        let path = self.path.replace('%', "%25");
        Ok(format!("{}\n{path}\n\n{headers}\n{signed}\n{body}", self.method))
    }

    fn header(&self, name: &str) -> Result<&str, String> {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| format!("no {name}"))
    }
}

/// The three members of the header.
fn parts(authorization: &str) -> Option<[&str; 3]> {
    let mut members = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?.split(", ");
    let mut member = |name: &str| members.next()?.strip_prefix(name);
    Some([member("Credential=")?, member("SignedHeaders=")?, member("Signature=")?])
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    hmac.update(text.as_bytes());
    hmac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// `post-vanilla` and `get-vanilla` of AWS's test suite for Signature Version 4.
    #[test]
    fn published_signatures_are_right_and_others_wrong() {
        for (method, signature) in [
            (Method::GET, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (Method::POST, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ] {
            let mut headers = HeaderMap::new();
            let authorization = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature={signature}"
            );
            for (name, value) in [
                ("host", "example.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
                ("authorization", &authorization),
            ] {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
            let received = Received { method: &method, path: "/", headers: &headers, body: b"" };
            let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
            received.check(key, "us-east-1", "service").unwrap();
            received.check("another", "us-east-1", "service").unwrap_err();
            received.check(key, "us-east-2", "service").unwrap_err();
            Received { body: b"x", ..received }.check(key, "us-east-1", "service").unwrap_err();
            Received { path: "/x", ..received }.check(key, "us-east-1", "service").unwrap_err();
        }
    }
}
