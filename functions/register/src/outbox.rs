//! The events of the table's stream: each record is the key of a mail in the outbox. Where accounts live in a file, which has
//! no stream, the same mails are delivered after the request that has written them.
//!
//! A record may come twice, and a batch again with the records that failed and all that follow them: a mail that was sent is
//! gone by then. <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::deadlines;
use shared::http::{Clock, Event, EventResult, Invocation, run_guarded_within, to_reply};
use shared::log::{self, Reason};
use shared::mail::MailId;
use shared::start::Function;

use crate::Register;
use crate::deliver::deliver;

/// A record of the stream.
pub(crate) struct Record<'a> {
    /// The mail that was added; `None` for the key of anything else.
    mail: Option<MailId>,
    /// By this Lambda is told which records failed.
    sequence_number: &'a str,
}

/// The records, if the event is one of the table's stream.
pub(crate) fn records(event: &Event) -> Option<Vec<Record<'_>>> {
    let records = event.get("Records")?.as_array().filter(|records| !records.is_empty())?;
    records.iter().map(read).collect()
}

fn read(record: &Value) -> Option<Record<'_>> {
    let text = |pointer| record.pointer(pointer).and_then(Value::as_str);
    let key = text("/dynamodb/Keys/pk/S").unwrap_or_default();
    Some(Record { mail: MailId::of_key(key), sequence_number: text("/dynamodb/SequenceNumber")? })
}

/// Delivers the mails of all records at once, and tells which failed. None holds up the others.
pub(crate) async fn deliver_all(
    register: &Register,
    records: &[Record<'_>],
    clock: Clock,
    event: &Event,
) -> EventResult {
    let delivering = records.iter().map(|record| async move {
        let delivered = match &record.mail {
            Some(mail) => deliver_logged(register, mail, clock, event).await,
            None => true,
        };
        (!delivered).then_some(record.sequence_number)
    });
    let failed: BTreeSet<_> = join_all(delivering).await.into_iter().flatten().collect();
    let failed: Vec<_> = failed.into_iter().map(|number| json!({ "itemIdentifier": number })).collect();
    to_reply(&json!({ "batchItemFailures": failed }))
}

/// Delivers the mails that nothing else delivers. One that fails is tried again after a later request.
pub(crate) async fn deliver_waiting(register: &Register, clock: Clock, event: &Event) {
    match register.store.waiting(clock()).await {
        Ok(waiting) => {
            for mail in waiting {
                deliver_logged(register, &mail, clock, event).await;
            }
        }
        Err(error) => log::fault(&log::chain(&error), "the outbox could not be read"),
    }
}

/// Delivers a mail and writes its line of the log. Returns `false` if that is to be tried again.
async fn deliver_logged(register: &Register, mail: &MailId, clock: Clock, event: &Event) -> bool {
    let started = clock();
    let delivered = run_guarded_within(deadlines::DELIVERY, deliver(register, mail, started)).await;
    let invocation = Invocation { function: Register::NAME, kind: "mail", event, started, ended: clock() };
    invocation.log(None, delivered.as_ref().copied());
    delivered.is_ok_and(|logged| logged.reason != Some(Reason::MailTaken))
}
