//! The `Authorization` header: `Bearer`, spaces, one token (RFC 6750 section 2.1, RFC 9110 section 11.4).

const SCHEME: &str = "bearer";

/// The token that a caller presents, or its absence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presented<'a> {
    /// No header, an empty one, or a scheme without a token.
    Nothing,
    /// A text of the form of a token, not yet verified.
    Token(&'a str),
    /// Another scheme, several values or headers, or characters that no bearer token has.
    Unusable,
}

impl<'a> Presented<'a> {
    /// Reads the values of all `Authorization` headers. Several values are unusable: the field is a singleton.
    pub fn of(mut values: impl Iterator<Item = &'a [u8]>) -> Self {
        match (values.next(), values.next()) {
            (None, _) => Self::Nothing,
            (Some(value), None) => std::str::from_utf8(value).map_or(Self::Unusable, Self::read),
            (Some(_), Some(_)) => Self::Unusable,
        }
    }

    /// Reads one value: the scheme and a token.
    #[must_use]
    pub fn read(value: &'a str) -> Self {
        let value = value.trim_matches(' ');
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        if value.is_empty() || scheme.eq_ignore_ascii_case(SCHEME) {
            Self::bare(token)
        } else {
            Self::Unusable
        }
    }

    /// Reads a token that stands alone.
    #[must_use]
    pub fn bare(token: &'a str) -> Self {
        let token = token.trim_matches(' ');
        if token.is_empty() {
            Self::Nothing
        } else if token.contains([' ', ',', '\t']) {
            Self::Unusable
        } else {
            Self::Token(token)
        }
    }

    /// `true` for a value that begins with the scheme.
    #[must_use]
    pub fn is_bearer(value: &str) -> bool {
        value.trim_matches(' ').split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
    }

    /// The one token of several places, if all that hold a token agree.
    pub fn agreed(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::Nothing, |agreed, next| match (agreed, next) {
            (one, Self::Nothing) | (Self::Nothing, one) => one,
            (Self::Token(one), Self::Token(other)) if one == other => Self::Token(one),
            _ => Self::Unusable,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present<'a>(values: &[&'a str]) -> Presented<'a> {
        Presented::of(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn the_scheme_is_case_insensitive_and_spaces_are_many() {
        for value in [
            "Bearer a.b.c",
            "bearer a.b.c",
            "BEARER  a.b.c",
            "Bearer   a.b.c",
            " Bearer a.b.c ",
            "bEaReR a.b.c",
        ] {
            assert_eq!(present(&[value]), Presented::Token("a.b.c"), "{value:?}");
        }
    }

    #[test]
    fn no_token_is_nothing() {
        for values in [&[][..], &[""], &[" "], &["Bearer"], &["Bearer "], &["bearer   "]] {
            assert_eq!(present(values), Presented::Nothing, "{values:?}");
        }
    }

    #[test]
    fn everything_else_is_unusable() {
        for values in [
            &["a.b.c"][..],
            &["Basic YWxpY2U6cHc="],
            &["Token a.b.c"],
            &["Bearer\ta.b.c"],
            &["Bearer a.b.c d"],
            &["Bearer a.b.c, Bearer d.e.f"],
            &["Bearer a.b.c,Bearer"],
            &["Bearer a.b.c", "Bearer a.b.c"],
            &["Bearer a.b.c", ""],
            &["Bearera.b.c"],
            &["Bearer: a.b.c"],
        ] {
            assert_eq!(present(values), Presented::Unusable, "{values:?}");
        }
        assert_eq!(Presented::of([&b"Bearer \xFF"[..]].into_iter()), Presented::Unusable);
    }
}
