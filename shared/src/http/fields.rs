//! Errors of fields, and their stable words.

use std::convert::Infallible;
use std::fmt;

use crate::names::email::EmailError;
use crate::names::username::UsernameError;
use crate::password::PasswordError;
use crate::password::policy::PolicyError;
use crate::session::LabelError;

/// An error of one field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldError {
    /// The field.
    pub field: &'static str,
    /// A stable word, that of Django REST framework where it has one.
    pub code: &'static str,
    /// The message for people.
    pub message: String,
}

/// Errors of fields, in the order in which they were found.
pub type FieldErrors = Vec<FieldError>;

/// The stable word of an error that a field can have.
pub trait FieldCode: fmt::Display {
    /// The word.
    fn code(&self) -> &'static str;
}

impl FieldCode for Infallible {
    fn code(&self) -> &'static str {
        match *self {}
    }
}

impl FieldCode for UsernameError {
    fn code(&self) -> &'static str {
        match self {
            Self::Character => "invalid",
            Self::NotOwnEmail => "not_own_email",
            Self::Null => "null_characters_not_allowed",
            Self::TooLong => "max_length",
        }
    }
}

impl FieldCode for EmailError {
    fn code(&self) -> &'static str {
        match self {
            Self::Grammar => "invalid",
            Self::Null => "null_characters_not_allowed",
            Self::TooLong => "max_length",
        }
    }
}

impl FieldCode for LabelError {
    fn code(&self) -> &'static str {
        match self {
            Self::Control => "invalid",
            Self::TooLong => "max_length",
        }
    }
}

impl FieldCode for PolicyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Common => "password_too_common",
            Self::IsEmail | Self::IsUsername => "password_too_similar",
            Self::TooShort { .. } => "password_too_short",
            Self::Unfit(PasswordError::Null) => "null_characters_not_allowed",
            Self::Unfit(PasswordError::TooLong) => "max_length",
        }
    }
}
