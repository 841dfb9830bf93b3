//! Which failures of DynamoDB pass by themselves, and which need somebody.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::store::StoreError;

/// What DynamoDB answers when it is asked too much; what it answers with a status of 500 or more passes as well.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const PASSING: [&str; 6] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Another transaction was at the item, or this very one still is.
pub(super) fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("TransactionConflictException" | "TransactionInProgressException"))
}

/// What a failure means to whoever waits for the store.
pub(super) fn store_error<E>(error: SdkError<E, HttpResponse>) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let passes = match &error {
        SdkError::DispatchFailure(_) | SdkError::ResponseError(_) | SdkError::TimeoutError(_) => true,
        SdkError::ServiceError(answer) => {
            answer.raw().status().as_u16() >= 500
                || answer.err().code().is_some_and(|code| PASSING.contains(&code))
        }
        _ => false,
    };
    if passes { StoreError::Unavailable(error.into()) } else { StoreError::Broken(error.into()) }
}
