//! Mails by Amazon SES.

use std::sync::OnceLock;

use aws_smithy_types::timeout::TimeoutConfig;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Aws, CallError, JSON_HEADERS, Post, Service};
use crate::deadlines;

/// The request: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>.
const PATH: &str = "/v2/email/outbound-emails";

/// The service, which is made for the first mail.
#[derive(Debug)]
pub(crate) struct Ses {
    aws: Aws,
    endpoint: Option<String>,
    service: OnceLock<Service>,
}

/// A mail as SES takes it.
pub(crate) struct OutboundEmail {
    /// A mailbox in ASCII, with a name.
    pub(crate) from: String,
    /// An address in ASCII.
    pub(crate) to: String,
    pub(crate) content: Content,
}

/// What a mail says.
pub(crate) enum Content {
    /// These words.
    Simple { subject: String, text: String, html: String },
    /// The words of a template that SES has, and the values of its variables.
    Template { name: String, data: Value },
}

impl Ses {
    /// SES in the region of the environment. `endpoint` replaces the region's endpoint.
    pub(crate) fn new(aws: Aws, endpoint: Option<&str>) -> Self {
        Self { aws, endpoint: endpoint.map(str::to_owned), service: OnceLock::new() }
    }

    /// Sends a mail. Boxed, so that the future is compiled here and not once more in each caller.
    pub(crate) fn send(&self, email: OutboundEmail) -> BoxFuture<'_, Result<(), CallError>> {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(deadlines::MAIL_ATTEMPT)
            .operation_timeout(deadlines::MAIL)
            .build();
        let body = SecretString::from(request(email).to_string());
        let post = Post { path: PATH.into(), headers: &JSON_HEADERS, body, timeouts };
        async move { post.send(self.service()).await.map(drop) }.boxed()
    }

    fn service(&self) -> &Service {
        self.service.get_or_init(|| Service::signed_as(&self.aws, "email", "ses", self.endpoint.as_deref()))
    }
}

fn request(email: OutboundEmail) -> Value {
    let utf_8 = |text: String| json!({ "Charset": "UTF-8", "Data": text });
    let content = match email.content {
        Content::Simple { subject, text, html } => json!({
            "Simple": { "Subject": utf_8(subject), "Body": { "Text": utf_8(text), "Html": utf_8(html) } },
        }),
        Content::Template { name, data } => json!({
            "Template": { "TemplateName": name, "TemplateData": data.to_string() },
        }),
    };
    json!({
        "FromEmailAddress": email.from,
        "Destination": { "ToAddresses": [email.to] },
        "Content": content,
    })
}
