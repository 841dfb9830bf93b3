//! The service as its users meet it: real HTTP to the functions under `cargo lambda watch`, which the tests start
//! themselves, each journey on accounts of its own.
//!
//! - [`emulator`] starts and ends the service, [`store`] makes places for accounts, [`client`] talks to it.
//! - [`accounts`], [`race`], [`restart`], [`crash`] and [`load`] are the journeys that every store must make possible.
//!   They are given a store and do not look into it.
//! - [`routes`] is the table of routes, [`refusals`] that of errors, [`events`] the sample events, [`defaults`] the first start without any
//!   configuration, and [`bad_database`] what happens to a laptop's file.

mod client;
mod emulator;
mod store;

mod accounts;
mod crash;
mod load;
mod race;
mod restart;

mod bad_database;
mod defaults;
mod events;
mod refusals;
mod routes;

/// Every journey that a store must make possible, on the store that `$new` makes.
macro_rules! journeys {
    ($store:ident, $new:expr, $shared:expr) => {
        mod $store {
            use crate::emulator::Service;
            use crate::store::Store;
            use crate::{accounts, crash, load, race, restart};

            #[tokio::test]
            async fn a_registered_name_logs_in_in_any_case_and_its_tokens_name_its_account() {
                accounts::a_registered_name_logs_in_in_any_case_and_its_tokens_name_its_account(&$shared)
                    .await;
            }

            #[tokio::test]
            async fn an_unknown_name_and_a_wrong_password_get_the_same_answer() {
                accounts::an_unknown_name_and_a_wrong_password_get_the_same_answer(&$shared).await;
            }

            #[tokio::test]
            async fn a_password_is_taken_as_typed() {
                accounts::a_password_is_taken_as_typed(&$shared).await;
            }

            #[tokio::test]
            async fn a_name_or_an_address_in_use_is_refused() {
                accounts::a_name_or_an_address_in_use_is_refused(&$shared).await;
            }

            #[tokio::test]
            async fn validate_tells_no_token_from_a_bad_one() {
                accounts::validate_tells_no_token_from_a_bad_one(&$shared).await;
            }

            #[tokio::test]
            async fn a_token_ends_with_its_time() {
                accounts::a_token_ends_with_its_time(&$new).await;
            }

            #[tokio::test]
            async fn of_many_racers_for_one_name_one_wins() {
                race::of_many_racers_for_one_name_one_wins(&$new).await;
            }

            #[tokio::test]
            async fn accounts_and_tokens_survive_a_restart() {
                restart::accounts_and_tokens_survive_a_restart(&$new).await;
            }

            #[tokio::test]
            async fn no_acknowledged_account_is_lost_when_functions_are_killed() {
                crash::no_acknowledged_account_is_lost_when_functions_are_killed(&$new).await;
            }

            #[tokio::test]
            async fn mixed_traffic_is_answered_as_it_should_be_and_loses_no_account() {
                load::mixed_traffic_is_answered_as_it_should_be_and_loses_no_account(&$new).await;
            }
        }
    };
}
journeys!(sqlite, Store::sqlite(), Service::shared());
journeys!(dynamodb, Store::dynamodb(), Service::shared_dynamodb());
