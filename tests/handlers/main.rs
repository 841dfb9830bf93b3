//! The three handlers in one process, called with Lambda events of every kind, over a SQLite file.

mod abuse;
mod authorizer;
mod bodies;
mod event;
mod faults;
mod fields;
mod handlers;
mod login;
mod passwords;
mod published;
mod register;
mod rotation;
mod routes;
mod samples;
mod tokens;
mod validate;
