//! HTTP requests to the functions under `cargo lambda watch`, which the tests start themselves. Each journey has accounts
//! of its own.
//!
//! - [`accounts`], [`owner`], [`sessions`], [`race`], [`restart`], [`crash`], [`load`] and [`session_load`] are the journeys that run on
//!   every store. They do not look into it. [`diary`] has the notes of the last two.
//! - [`routes`] tests the routes, [`refusals`] the errors, [`events`] the sample events, [`mail`] the mails that are files,
//!   [`migration`] users of another system,
//!   [`defaults`] a start without any configuration, and [`bad_database`] database files that cannot be used.

mod accounts;
mod crash;
mod diary;
mod load;
mod owner;
mod race;
mod restart;
mod session_load;
mod sessions;

mod bad_database;
mod defaults;
mod events;
mod mail;
mod migration;
mod refusals;
mod routes;

/// The journeys of every store, on the store that `$new` makes.
macro_rules! journeys {
    ($store:ident, $new:expr, $shared:expr) => {
        mod $store {
            use crate::{accounts, crash, load, owner, race, restart, session_load, sessions};
            use support::emulator::Emulator;
            use support::store::Store;

            #[tokio::test]
            async fn a_registered_name_logs_in_in_any_case_and_its_tokens_name_its_account() {
                accounts::a_registered_name_logs_in_in_any_case_and_its_tokens_name_its_account(&$shared)
                    .await;
            }

            #[tokio::test]
            async fn an_unknown_name_and_a_wrong_password_get_the_same_response() {
                accounts::an_unknown_name_and_a_wrong_password_get_the_same_response(&$shared).await;
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
            async fn an_owner_changes_the_password_and_deletes_the_account() {
                owner::an_owner_changes_the_password_and_deletes_the_account(&$shared).await;
            }

            #[tokio::test]
            async fn a_session_lives_until_its_logout_and_another_until_it_is_ended() {
                sessions::a_session_lives_until_its_logout_and_another_until_it_is_ended(&$shared).await;
            }

            #[tokio::test]
            async fn cookies_pass_through_the_emulator_in_both_directions() {
                sessions::cookies_pass_through_the_emulator_in_both_directions(&$shared).await;
            }

            #[tokio::test]
            async fn many_refreshes_of_one_token_at_once_get_one_successor() {
                sessions::many_refreshes_of_one_token_at_once_get_one_successor(&$new).await;
            }

            #[tokio::test]
            async fn no_session_is_lost_when_functions_are_killed() {
                sessions::no_session_is_lost_when_functions_are_killed(&$new).await;
            }

            #[tokio::test]
            async fn sessions_survive_a_restart() {
                sessions::sessions_survive_a_restart(&$new).await;
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
            async fn mixed_traffic_gets_the_expected_responses_and_loses_no_account() {
                load::mixed_traffic_gets_the_expected_responses_and_loses_no_account(&$new).await;
            }

            #[tokio::test]
            async fn mixed_traffic_in_sessions_and_kills_end_no_session_but_those_that_are_ended() {
                session_load::mixed_traffic_in_sessions_and_kills_end_no_session_but_those_that_are_ended(
                    &$new,
                )
                .await;
            }
        }
    };
}
journeys!(sqlite, Store::sqlite(), Emulator::shared());
journeys!(dynamodb, Store::dynamodb(), Emulator::shared_dynamodb());
