use super::*;
use crate::account::{Account, Status};
use crate::store::contract::account;

const LIFETIMES: Lifetimes = Lifetimes::DEFAULT;

const START: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn at(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

fn session(slot: usize) -> Session {
    Session::new(SessionId::random(slot).unwrap(), 0, Label::default(), START)
}

/// An account with one session, whose tokens are presented one after another.
struct Client {
    account: Account,
    id: SessionId,
}

impl Client {
    fn new() -> Self {
        let session = session(4);
        let id = session.id;
        Self { account: Account { sessions: Sessions::of(session), ..account("alice", "") }, id }
    }

    fn session(&self) -> &Session {
        self.account.sessions.get(&self.id).unwrap()
    }

    fn judge(&self, token: u32, seconds: u64) -> Verdict {
        self.account.judge(&Exchange::new(self.id, token, LIFETIMES, at(seconds)))
    }

    /// Presents a token; the number of the one that it gets.
    fn present(&mut self, token: u32, seconds: u64) -> Result<u32, Verdict> {
        match self.judge(token, seconds) {
            Verdict::Again => Ok(self.session().counter),
            Verdict::Exchange(exchange) => {
                let next = self.session().after(&exchange).unwrap();
                self.account.sessions.put(next);
                Ok(exchange.next())
            }
            verdict => Err(verdict),
        }
    }
}

const DAY: u64 = 24 * 3600;

#[test]
fn each_token_is_exchanged_for_the_next() {
    let mut client = Client::new();
    for number in 0..100 {
        assert_eq!(client.present(number, u64::from(number) * 900), Ok(number + 1));
    }
    assert_eq!((client.session().late, client.session().used_at), (0, at(99 * 900)));
}

#[test]
fn a_second_tab_or_a_lost_answer_gets_the_same_token_for_a_minute() {
    let mut client = Client::new();
    assert_eq!(client.present(0, 100), Ok(1));
    let before = client.session().clone();
    for seconds in [100, 130, 160] {
        assert_eq!(client.present(0, seconds), Ok(1), "{seconds}");
    }
    assert_eq!(*client.session(), before, "nothing changes");
    assert_eq!(client.present(0, 161), Ok(2), "later it is let in late");
}

#[test]
fn a_sleeper_is_let_in_twice() {
    let mut client = Client::new();
    assert_eq!(client.present(0, 0), Ok(1));
    assert_eq!(client.present(0, 7200), Ok(2));
    assert_eq!(client.present(1, 14_400), Ok(3));
    assert_eq!(client.session().late, 2);
    assert_eq!(client.judge(2, 21_600), Verdict::Reused);
    assert_eq!(client.present(3, 21_600), Ok(4), "the current one is never late");
}

/// Two tabs that slept wake at once.
#[test]
fn a_token_that_was_let_in_late_gets_the_same_token_for_a_minute() {
    let mut client = Client::new();
    assert_eq!(client.present(0, 0), Ok(1));
    for seconds in [7200, 7200, 7260] {
        assert_eq!(client.present(0, seconds), Ok(2), "{seconds}");
    }
    assert_eq!(client.session().late, 1);
    assert_eq!(client.judge(0, 7261), Verdict::Reused);
}

#[test]
fn the_token_before_the_previous_one_ends_the_session() {
    let mut client = Client::new();
    assert_eq!((client.present(0, 0), client.present(1, 10)), (Ok(1), Ok(2)));
    assert_eq!(client.judge(0, 10), Verdict::Reused, "grace does not chain");
}

#[test]
fn a_thief_and_an_owner_who_alternate_are_found_out_by_the_third_late_token() {
    let mut client = Client::new();
    let (mut thief, mut owner) = (0, 0);
    let mut let_in = Vec::new();
    for hour in (1..).step_by(2) {
        let turn = |client: &mut Client, token: &mut u32, hour: u64| {
            let got = client.present(*token, hour * 3600)?;
            *token = got;
            Ok::<_, Verdict>(())
        };
        if let Err(verdict) =
            turn(&mut client, &mut thief, hour).and_then(|()| turn(&mut client, &mut owner, hour + 1))
        {
            assert_eq!(verdict, Verdict::Reused);
            break;
        }
        let_in.push(client.session().late);
    }
    assert_eq!(let_in, [1]);
    assert_eq!(client.session().late, MAX_LATE);
}

#[test]
fn a_session_ends_when_it_is_idle_and_in_any_case() {
    let mut client = Client::new();
    assert_eq!(client.judge(0, 14 * DAY), Verdict::Refused(Refusal::Expired));
    assert_eq!(client.present(0, 14 * DAY - 1), Ok(1));
    assert_eq!(client.present(1, 28 * DAY - 2), Ok(2));
    assert_eq!(client.session().ends_at(&LIFETIMES), at(30 * DAY));
    assert_eq!(client.present(2, 30 * DAY - 1), Ok(3));
    assert_eq!(client.judge(3, 30 * DAY), Verdict::Refused(Refusal::Expired));
}

#[test]
fn nothing_is_exchanged_without_a_live_session_of_the_account() {
    let client = Client::new();
    let exchange = Exchange::new(client.id, 0, LIFETIMES, START);
    let judge = |account: &Account| account.judge(&exchange);
    let alice = || client.account.clone();
    assert_eq!(judge(&account("alice", "")), Verdict::Refused(Refusal::NoSuchSession));
    let other = Account { sessions: Sessions::of(session(4)), ..alice() };
    assert_eq!(judge(&other), Verdict::Refused(Refusal::NoSuchSession));
    assert_eq!(judge(&Account { status: Status::Disabled, ..alice() }), Verdict::Refused(Refusal::Disabled));
    assert_eq!(judge(&Account { token_version: 1, ..alice() }), Verdict::Refused(Refusal::Revoked));
    assert_eq!(client.judge(1, 0), Verdict::Refused(Refusal::NoSuchSession), "of a table before a restore");
}

#[test]
fn an_exchange_changes_no_other_session() {
    let (one, other) = (session(4), session(4));
    let exchange = Exchange::new(one.id, 0, LIFETIMES, START);
    assert!(one.after(&exchange).is_some());
    assert_eq!(other.after(&exchange), None);
    assert_eq!(Session { counter: 1, ..one }.after(&exchange), None);
}

#[test]
fn a_new_session_takes_a_free_slot_or_that_of_the_one_used_longest_ago() {
    let mut sessions = Sessions::default();
    let slot = |sessions: &Sessions, seconds| sessions.slot_for_new(0, &LIFETIMES, at(seconds));
    for expected in 0..MAX {
        let slot = slot(&sessions, 0);
        assert_eq!(slot, expected);
        sessions.put(Session { used_at: at(100 - slot as u64), ..session(slot) });
    }
    assert_eq!(slot(&sessions, 200), 9);
    sessions.put(Session { used_at: at(150), ..session(9) });
    assert_eq!(slot(&sessions, 200), 8);
    sessions.put(Session { token_version: 7, ..session(3) });
    assert_eq!(slot(&sessions, 200), 3, "one that has ended is free");
    assert_eq!(sessions.iter().count(), MAX);
}
