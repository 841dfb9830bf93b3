//! The kinds of failed logins, and what is promised of their times.

pub const RIGHT: &str = "correct horse battery staple";
pub const WRONG: &str = "correct horse battery stapler";

/// The cause of a failed login.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Unknown,
    Wrong,
    Disabled,
    OverLong,
    ForgedDevice,
    KnownDevice,
    OldCost,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Wrong,
        Self::Disabled,
        Self::OverLong,
        Self::ForgedDevice,
        Self::KnownDevice,
        Self::OldCost,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown name",
            Self::Wrong => "wrong password",
            Self::Disabled => "disabled account",
            Self::OverLong => "over-long password",
            Self::ForgedDevice => "forged device token",
            Self::KnownDevice => "known device token",
            Self::OldCost => "hash of another cost (control)",
        }
    }

    pub fn password(self) -> String {
        match self {
            Self::Unknown | Self::Disabled => RIGHT.to_owned(),
            Self::Wrong | Self::ForgedDevice | Self::KnownDevice | Self::OldCost => WRONG.to_owned(),
            Self::OverLong => WRONG.repeat(10),
        }
    }

    /// The kind that it is compared with.
    pub fn beside(self) -> Option<Self> {
        match self {
            Self::Unknown => None,
            Self::ForgedDevice => Some(Self::Wrong),
            Self::KnownDevice => Some(Self::ForgedDevice),
            Self::Wrong | Self::Disabled | Self::OverLong | Self::OldCost => Some(Self::Unknown),
        }
    }

    /// What a comparison with the kind beside it must show.
    pub fn expected(self) -> Expected {
        match self {
            Self::OldCost => Expected::Apart,
            // Who sends a device token knows that there is one to read.
            Self::ForgedDevice => Expected::Either,
            _ => Expected::Alike,
        }
    }
}

/// The result that a comparison must have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expected {
    Alike,
    Apart,
    Either,
}
