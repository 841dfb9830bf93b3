//! Sessions: a client that has logged in stays logged in without its password. Pure rules; a store keeps the sessions with
//! their account.
//!
//! A session has one current refresh token at a time, told by its number. Exchanging it for an access token makes the next
//! one current (RFC 9700 section 4.14.2). Clients lose responses, open a second tab, and sleep:
//!
//! | The token that is presented | gets |
//! |---|---|
//! | the current one | the next one |
//! | the one before, or the one exchanged last, within 60 s of the exchange | the current one again, and nothing changes |
//! | the one before, later | the next one, [`MAX_LATE`] times in the life of a session |
//! | any older one | nothing, and the session ends: a thief has it, or its owner |

mod id;
mod label;

use std::time::Duration;

pub use id::SessionId;
pub use label::{Label, LabelError};

use crate::time::Timestamp;

/// Upper bound of the sessions of an account.
pub const MAX: usize = 10;

/// Time after an exchange within which the exchanged token gets the current one again.
pub const GRACE: Duration = Duration::from_mins(1);

/// Number of times in its life that a session accepts the token before the current one after [`GRACE`].
pub const MAX_LATE: u32 = 2;

/// The lifetimes of sessions and their tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lifetimes {
    /// An access token of a session, in seconds.
    pub access_token: Duration,
    /// A session without an exchange.
    pub idle: Duration,
    /// A session.
    pub max: Duration,
}

/// A session of an account. Times are whole seconds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Unique among all that the account has had.
    pub id: SessionId,
    /// The number of the current refresh token, from 0 on.
    pub counter: u32,
    /// The number of the token that was exchanged for it; 0 before the first exchange.
    pub exchanged: u32,
    /// The number of exchanges of the token before the current one, after [`GRACE`].
    pub late: u32,
    /// The login.
    pub created_at: Timestamp,
    /// The last exchange, or the login.
    pub used_at: Timestamp,
    /// The token version of the account. A session of another one has ended.
    pub token_version: u32,
    /// The name by which its owner recognises it.
    pub label: Label,
}

impl Lifetimes {
    /// Those that are not configured otherwise. NIST SP 800-63B section 2.1.3 recommends thirty days at most.
    pub const DEFAULT: Self = Self {
        access_token: Duration::from_mins(15),
        idle: Duration::from_hours(14 * 24),
        max: Duration::from_hours(30 * 24),
    };
}

impl Session {
    /// A new session.
    #[must_use]
    pub fn new(id: SessionId, token_version: u32, label: Label, now: Timestamp) -> Self {
        let now = now.whole_seconds();
        Self { id, counter: 0, exchanged: 0, late: 0, created_at: now, used_at: now, token_version, label }
    }

    /// The moment at which it ends, if its token is not exchanged before.
    #[must_use]
    pub fn ends_at(&self, lifetimes: &Lifetimes) -> Timestamp {
        (self.created_at + lifetimes.max).min(self.used_at + lifetimes.idle)
    }

    /// `true` if it is one of this token version and has not come to its end.
    #[must_use]
    pub fn is_live(&self, token_version: u32, lifetimes: &Lifetimes, now: Timestamp) -> bool {
        self.token_version == token_version && self.ends_at(lifetimes) > now
    }

    /// The session after an exchange, which must be one of its current token.
    #[must_use]
    pub fn after(&self, exchange: &Exchange) -> Option<Self> {
        (self.id == exchange.session && self.counter == exchange.current).then(|| Self {
            counter: exchange.next(),
            exchanged: exchange.token,
            late: self.late.saturating_add(u32::from(exchange.is_late)),
            used_at: exchange.now,
            ..self.clone()
        })
    }
}

/// The exchange of a refresh token, as a store makes it: in one step, if the session is live and has this current token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Exchange {
    /// The session.
    pub session: SessionId,
    /// The number of the token that is presented.
    pub token: u32,
    /// The number of the current token.
    pub current: u32,
    /// The token is the one before the current one.
    pub is_late: bool,
    /// The time; whole seconds.
    pub now: Timestamp,
    /// The lifetimes that tell whether the session is live.
    pub lifetimes: Lifetimes,
}

/// The verdict on a refresh token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It gets the current token again.
    Again,
    /// It is exchanged.
    Exchange(Exchange),
    /// It was used before: the session must end.
    Reused,
    /// It gets nothing.
    Refused(Refusal),
}

/// The cause for which a refresh token gets nothing. A client is not told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The account is disabled.
    Disabled,
    /// The session was not used for too long, or is too old.
    Expired,
    /// The account is gone.
    NoSuchAccount,
    /// The session is gone, or another one has its slot.
    NoSuchSession,
    /// The token version of the account is another one.
    Revoked,
}

impl Exchange {
    /// The exchange of a token that is current, as far as one can tell without the session.
    #[must_use]
    pub fn new(session: SessionId, token: u32, lifetimes: Lifetimes, now: Timestamp) -> Self {
        Self { session, token, current: token, is_late: false, now: now.whole_seconds(), lifetimes }
    }

    /// The number of the current token afterwards.
    #[must_use]
    pub fn next(&self) -> u32 {
        self.current.saturating_add(1)
    }

    /// A session that was last used before this moment, or at it, has ended.
    #[must_use]
    pub fn used_after(&self) -> Timestamp {
        self.now.minus(self.lifetimes.idle)
    }

    /// A session that was made before this moment, or at it, has ended.
    #[must_use]
    pub fn created_after(&self) -> Timestamp {
        self.now.minus(self.lifetimes.max)
    }

    /// The verdict on the token, by its session and the token version of the account as they are now.
    #[must_use]
    pub fn judge(&self, session: Option<&Session>, token_version: u32) -> Verdict {
        let Some(session) = session.filter(|session| session.id == self.session) else {
            return Verdict::Refused(Refusal::NoSuchSession);
        };
        if session.token_version != token_version {
            return Verdict::Refused(Refusal::Revoked);
        }
        if !session.is_live(token_version, &self.lifetimes, self.now) {
            return Verdict::Refused(Refusal::Expired);
        }
        self.judge_number(session)
    }

    fn judge_number(&self, session: &Session) -> Verdict {
        let current = Self { current: session.counter, is_late: false, ..*self };
        if self.token > session.counter {
            // The table was restored from before this token.
            return Verdict::Refused(Refusal::NoSuchSession);
        }
        if self.token == session.counter {
            return Verdict::Exchange(current);
        }
        let is_one_before = self.token.checked_add(1) == Some(session.counter);
        let is_in_time = self.now.since(session.used_at) <= GRACE;
        if is_in_time && (is_one_before || self.token == session.exchanged) {
            return Verdict::Again;
        }
        if is_one_before && session.late < MAX_LATE {
            return Verdict::Exchange(Self { is_late: true, ..current });
        }
        Verdict::Reused
    }
}

/// The sessions of an account, each in the slot that its id names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sessions([Option<Session>; MAX]);

impl Sessions {
    /// One session.
    #[must_use]
    pub fn of(session: Session) -> Self {
        let mut sessions = Self::default();
        sessions.put(session);
        sessions
    }

    /// Puts a session into its slot.
    pub fn put(&mut self, session: Session) {
        if let Some(slot) = self.0.get_mut(session.id.slot()) {
            *slot = Some(session);
        }
    }

    /// The session with this id.
    #[must_use]
    pub fn get(&self, id: &SessionId) -> Option<&Session> {
        self.in_slot(id.slot()).filter(|session| session.id == *id)
    }

    /// The session in a slot.
    #[must_use]
    pub fn in_slot(&self, slot: usize) -> Option<&Session> {
        self.0.get(slot)?.as_ref()
    }

    /// All sessions, those that have ended among them.
    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.0.iter().flatten()
    }

    /// The slot of a new session: one that is free, or that of the session which was used longest ago.
    #[must_use]
    pub fn slot_for_new(&self, token_version: u32, lifetimes: &Lifetimes, now: Timestamp) -> usize {
        let last_use = |session: &Option<Session>| {
            let live = session.as_ref().filter(|session| session.is_live(token_version, lifetimes, now));
            live.map(|session| session.used_at)
        };
        let slots = self.0.iter().map(last_use).enumerate();
        slots.min_by_key(|(_, used_at)| *used_at).map_or(0, |(slot, _)| slot)
    }
}

#[cfg(test)]
mod tests;
