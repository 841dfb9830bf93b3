//! Calls of DynamoDB: operations of the SDK, sent without its client, which would read a table of all regions at each start.

use std::error::Error;
use std::fmt::Debug;

use aws_sdk_dynamodb::config::RuntimePlugin;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::delete_item::{
    DeleteItem, DeleteItemError, DeleteItemInput, DeleteItemOutput,
};
use aws_sdk_dynamodb::operation::get_item::{GetItem, GetItemError, GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItem, PutItemError, PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::scan::{Scan, ScanError, ScanInput, ScanOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItems, TransactWriteItemsError, TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::{
    UpdateItem, UpdateItemError, UpdateItemInput, UpdateItemOutput,
};

use crate::aws::{Aws, Service};
use crate::store::StoreError;
use crate::{hex, random};

/// DynamoDB.
#[derive(Clone, Debug)]
pub(super) struct Client(Service);

impl Client {
    /// DynamoDB in the region of the environment. `endpoint` replaces the region's endpoint.
    pub(super) fn new(aws: &Aws, endpoint: Option<&str>) -> Self {
        Self(Service::new(aws, "dynamodb", endpoint))
    }

    /// Calls the operation of an input.
    pub(super) async fn call<I: OperationInput>(
        &self,
        input: Result<I, BuildError>,
    ) -> Result<I::Output, SdkError<I::Error, HttpResponse>> {
        let input = input.map_err(SdkError::construction_failure)?;
        self.0.call(I::Operation::default(), input).await
    }
}

/// The input of an operation, with the types that belong to it.
pub(super) trait OperationInput: Debug + Send + Sync + 'static {
    type Operation: RuntimePlugin + Default + 'static;
    type Output: Debug + Send + Sync + 'static;
    type Error: Error + Send + Sync + 'static;
}

macro_rules! operations {
    ($($input:ty: $operation:ty, $output:ty, $error:ty;)+) => {$(
        impl OperationInput for $input {
            type Operation = $operation;
            type Output = $output;
            type Error = $error;
        }
    )+};
}

operations! {
    DeleteItemInput: DeleteItem, DeleteItemOutput, DeleteItemError;
    GetItemInput: GetItem, GetItemOutput, GetItemError;
    PutItemInput: PutItem, PutItemOutput, PutItemError;
    ScanInput: Scan, ScanOutput, ScanError;
    TransactWriteItemsInput: TransactWriteItems, TransactWriteItemsOutput, TransactWriteItemsError;
    UpdateItemInput: UpdateItem, UpdateItemOutput, UpdateItemError;
}

/// A random token by which DynamoDB recognises the repetition of a transaction within ten minutes.
pub(super) fn request_token() -> Result<String, StoreError> {
    let token = random::bytes::<16>().map_err(|error| StoreError::Broken(error.into()))?;
    Ok(hex::encode(&token))
}
