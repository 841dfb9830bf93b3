//! The three handlers, called with real Lambda events of every kind over a real store.

mod abuse;
mod authorizer;
mod event;
mod login;
mod register;
mod samples;
mod service;
mod tokens;
mod validate;
