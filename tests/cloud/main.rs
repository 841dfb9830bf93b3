//! The three functions as they are deployed: real binaries under the Lambda Runtime API, over a DynamoDB engine and a
//! stand-in for Secrets Manager, with everything between them that can fail.

mod binaries;
mod breakage;
mod conflicts;
mod deployment;
mod engine;
mod event;
mod events;
mod guessing;
mod http;
mod journey;
mod lambda;
mod leaks;
mod lost_answers;
mod operator;
mod outages;
mod place;
mod proxy;
mod races;
mod randomness;
mod revocation;
mod rotation;
mod runtime_api;
mod secrets;
mod service;
mod start;
mod thaw;
mod trust;
