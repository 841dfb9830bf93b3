//! The binaries as they are deployed, under stand-ins for the Lambda Runtime API, Secrets Manager, SES and the Lambda function of an operator, on
//! a DynamoDB engine behind a proxy that makes faults.

mod attributes;
mod binaries;
mod breakage;
mod calls;
mod conflicts;
mod deployed;
mod deployment;
mod events;
mod function;
mod guessing;
mod journey;
mod leaks;
mod lost_responses;
mod mail;
mod memory;
mod migration;
mod operator;
mod outages;
mod place;
mod proxy;
mod races;
mod randomness;
mod revocation;
mod rotation;
mod sessions;
mod start;
mod thaw;
mod trust;
