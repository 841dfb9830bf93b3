//! The three handlers, called with real Lambda events of every kind over a real store.

mod abuse;
mod authorizer;
mod bodies;
mod event;
mod faults;
mod fields;
mod login;
mod passwords;
mod register;
mod routes;
mod samples;
mod service;
mod tokens;
mod validate;
