//! The three handlers in one process, called with Lambda events of every kind, over a SQLite file.

mod abuse;
mod authorizer;
mod bodies;
mod cookies;
mod devices;
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
mod sessions;
mod tokens;
mod validate;
