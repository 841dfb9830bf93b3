//! The way out of a mail.

use std::error::Error;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

#[cfg(feature = "sqlite")]
use super::folder::Folder;
use super::letter::{Letter, Rendered};
use super::sender::{Sender, mailbox};
use crate::aws::CallError;
use crate::aws::ses::{Content, OutboundEmail, Ses};
use crate::time::Timestamp;

/// Sends mails. To make it costs nothing: whatever it needs is made for the first mail.
#[derive(Debug)]
pub struct Mailer {
    sender: Sender,
    way: Way,
}

#[derive(Debug)]
enum Way {
    #[cfg(feature = "sqlite")]
    Folder(Folder),
    Nowhere,
    Ses(Ses),
}

/// A mail was not sent. The error shows neither the address nor what the mail says.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It may be sent later: the service is down, throttles, or does not permit it, or the folder cannot be written.
    #[error("the mail could not be sent")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// It may be sent once mail is configured.
    #[error("MAIL_FROM must be set to send mail")]
    NotConfigured,
    /// It will never be sent: SES refuses it as it is.
    #[error("SES does not take the mail")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// It will never be sent: the address has letters before its `@` that SES does not take.
    #[error("no mail can be sent to the address")]
    Unsendable,
}

impl SendError {
    /// `true` if it makes no sense to try again.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Failed(_) | Self::NotConfigured => false,
            Self::Refused(_) | Self::Unsendable => true,
        }
    }
}

impl Mailer {
    /// Sends by SES, if there is an address to send from.
    pub(crate) fn ses(sender: Sender, ses: Ses) -> Self {
        let way = if sender.address.is_some() { Way::Ses(ses) } else { Way::Nowhere };
        Self { sender, way }
    }

    /// Writes mails to files in a folder, which the first one makes.
    #[cfg(feature = "sqlite")]
    pub(crate) fn folder(sender: Sender, folder: PathBuf) -> Self {
        Self { sender, way: Way::Folder(Folder::new(folder)) }
    }

    /// `false` if no mail can be sent, because `MAIL_FROM` is not set where accounts live in DynamoDB.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !matches!(self.way, Way::Nowhere)
    }

    /// Sends a letter, within [`MAIL`](crate::deadlines::MAIL). SES may send it twice, if its response was lost. Boxed, so that
    /// the future is compiled here.
    ///
    /// # Errors
    ///
    /// When it was not sent; [`SendError::is_final`] tells if it ever will be.
    #[cfg_attr(not(feature = "sqlite"), expect(unused_variables, reason = "SES dates a mail by itself"))]
    pub fn send<'a>(&'a self, letter: &'a Letter, now: Timestamp) -> BoxFuture<'a, Result<(), SendError>> {
        async move {
            let to = letter.to().to_ascii().ok_or(SendError::Unsendable)?;
            match &self.way {
                #[cfg(feature = "sqlite")]
                Way::Folder(folder) => folder.put(&self.sender, letter, &to, now).map_err(failed),
                Way::Nowhere => Err(SendError::NotConfigured),
                Way::Ses(ses) => Ok(ses.send(self.outbound(letter, to)?).await?),
            }
        }
        .boxed()
    }

    fn outbound(&self, letter: &Letter, to: String) -> Result<OutboundEmail, SendError> {
        let address = self.sender.address.as_ref().ok_or(SendError::NotConfigured)?;
        let content = if let Some(prefix) = &self.sender.template_prefix {
            let name = format!("{prefix}{}", letter.kind());
            Content::Template { name, data: letter.template_data(&self.sender) }
        } else {
            let Rendered { subject, text, html } = letter.render(&self.sender);
            Content::Simple { subject, text, html }
        };
        Ok(OutboundEmail { from: mailbox(&self.sender.app_name, address), to, content })
    }
}

impl From<CallError> for SendError {
    /// Of the errors of `SendEmail`, one is of the mail alone; sender and templates are configured, and may be put right.
    fn from(error: CallError) -> Self {
        match &error {
            CallError::Refused { code, .. } if code == "BadRequestException" => Self::Refused(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}

#[cfg(feature = "sqlite")]
fn failed(error: impl Error + Send + Sync + 'static) -> SendError {
    SendError::Failed(error.into())
}

#[cfg(test)]
mod tests;
