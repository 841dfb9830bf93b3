//! Labels: what the owner of an account recognises a session by.

/// Upper bound of a label in code points.
const MAX_LENGTH: usize = 64;

/// A text of up to 64 code points without control characters. It may be empty.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Label(String);

/// A text is no label. `Display` is the message for a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LabelError {
    /// It has a control character.
    #[error("Control characters are not allowed.")]
    Control,
    /// It has more than 64 code points.
    #[error("Ensure this field has no more than {MAX_LENGTH} characters.")]
    TooLong,
}

impl Label {
    /// Takes a label as typed.
    ///
    /// # Errors
    ///
    /// [`LabelError`].
    pub fn parse(typed: &str) -> Result<Self, LabelError> {
        if typed.chars().any(char::is_control) {
            return Err(LabelError::Control);
        }
        if typed.chars().count() > MAX_LENGTH {
            return Err(LabelError::TooLong);
        }
        Ok(Self(typed.to_owned()))
    }

    /// The beginning of a user agent.
    #[must_use]
    pub fn of_user_agent(agent: &str) -> Self {
        Self(agent.chars().filter(|character| !character.is_control()).take(MAX_LENGTH).collect())
    }

    /// A label as it was stored.
    #[must_use]
    pub fn from_stored(label: String) -> Self {
        Self(label)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_short_and_has_no_control_characters() {
        for label in ["", "Ada’s phone", &"🦀".repeat(64)] {
            assert_eq!(Label::parse(label).unwrap().as_str(), label);
        }
        assert_eq!(Label::parse(&"x".repeat(65)), Err(LabelError::TooLong));
        for label in ["a\nb", "\0", "a\u{85}"] {
            assert_eq!(Label::parse(label), Err(LabelError::Control), "{label:?}");
        }
    }

    #[test]
    fn any_user_agent_makes_a_label() {
        assert_eq!(Label::of_user_agent("curl/8.5\r\n").as_str(), "curl/8.5");
        let label = Label::of_user_agent(&"é\u{7}".repeat(100));
        assert_eq!(Label::parse(label.as_str()), Ok(label.clone()));
        assert_eq!(label.as_str().chars().count(), 64);
    }
}
