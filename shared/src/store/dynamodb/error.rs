//! Failures of DynamoDB: those that a retry may overcome, and those that an operator must repair.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::store::StoreError;

/// Error codes of throttling and conflicts, which pass. Responses with a status of 500 or more pass as well.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const TRANSIENT: [&str; 6] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Another transaction works on the item, or this one still does.
pub(super) fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("TransactionConflictException" | "TransactionInProgressException"))
}

/// Sorts a failure into [`StoreError::Unavailable`], which passes, and [`StoreError::Broken`].
pub(super) fn store_error<E>(error: SdkError<E, HttpResponse>) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let passes = match &error {
        SdkError::DispatchFailure(_) | SdkError::ResponseError(_) | SdkError::TimeoutError(_) => true,
        SdkError::ServiceError(answer) => {
            answer.raw().status().as_u16() >= 500
                || answer.err().code().is_some_and(|code| TRANSIENT.contains(&code))
        }
        _ => false,
    };
    if passes { StoreError::Unavailable(error.into()) } else { StoreError::Broken(error.into()) }
}
