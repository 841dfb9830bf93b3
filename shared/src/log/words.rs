//! The words of `outcome` and `reason`. `docs/logs.md` lists them.

/// An enum whose variants have a word each.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, in the order of their names.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    /// The result of a request.
    Outcome {
        /// The body has more than 16 KiB.
        BodyTooLarge = "body_too_large",
        /// A cookie was sent or asked for by a page of another site.
        CrossSite = "cross_site",
        /// The address of the account waits for its confirmation.
        EmailNotVerified = "email_not_verified",
        /// A load balancer asked whether the function lives.
        HealthCheck = "health_check",
        /// A fault of the service.
        InternalError = "internal_error",
        /// The login failed.
        InvalidCredentials = "invalid_credentials",
        /// Fields are missing, malformed or taken.
        InvalidFields = "invalid_fields",
        /// The `Idempotency-Key` is malformed.
        InvalidIdempotencyKey = "invalid_idempotency_key",
        /// The refresh token is of no live session.
        InvalidSession = "invalid_session",
        /// The token is not valid.
        InvalidToken = "invalid_token",
        /// No mail can be sent here.
        MailNotConfigured = "mail_not_configured",
        /// The mail was sent.
        MailSent = "mail_sent",
        /// Nothing is to be sent.
        MailUnsent = "mail_unsent",
        /// The body is not one JSON object without duplicate keys.
        MalformedJson = "malformed_json",
        /// The path has no route for the method.
        MethodNotAllowed = "method_not_allowed",
        /// There is no discovery document: the issuer is no https URL.
        NoDiscovery = "no_discovery",
        /// The account has no session with this id.
        NoSuchSession = "no_such_session",
        /// The request succeeded.
        Ok = "ok",
        /// The event only kept the function warm.
        Ping = "ping",
        /// The request has no token.
        TokenMissing = "token_missing",
        /// The name is locked, or the client IP over its rate limit.
        TooManyAttempts = "too_many_attempts",
        /// The store or the keys are unavailable.
        Unavailable = "unavailable",
        /// The body is not declared as JSON.
        UnsupportedMediaType = "unsupported_media_type",
    }
}

words! {
    /// The cause of an outcome. Only the log tells it.
    Reason {
        /// The token was signed with another key, or changed since.
        BadSignature = "bad_signature",
        /// The client IP has used up its rate limit.
        ClientIpLimit = "address_limit",
        /// The account is disabled.
        Disabled = "disabled",
        /// The token is at or past its `exp`.
        Expired = "expired",
        /// The token's key may be one that could not be read.
        KeysUnavailable = "keys_unavailable",
        /// The token's lifetime is longer than a day.
        LifetimeTooLong = "lifetime_too_long",
        /// The name is locked after failed logins.
        Locked = "locked",
        /// The token is not three parts of base64url JSON with our claims.
        MalformedToken = "malformed_token",
        /// The mail could not be sent. Lambda tries again.
        MailFailed = "mail_failed",
        /// Another environment is sending the mail, or died doing so.
        MailTaken = "mail_taken",
        /// The function that knows the accounts of another system did not tell whether it has this one.
        MigrationFailed = "migration_failed",
        /// The account has no password.
        NoPassword = "no_password",
        /// Nobody has the name or the address, or the account has no address or is disabled.
        NoRecipient = "no_recipient",
        /// The token's account is gone, or another one has its name.
        NoSuchAccount = "no_such_account",
        /// The mail was sent before, or has expired.
        NoSuchMail = "no_such_mail",
        /// The session is gone, or another one has its slot.
        NoSuchSession = "no_such_session",
        /// The `Authorization` header is not one bearer token.
        NotABearerToken = "not_a_bearer_token",
        /// The token's `iat` or `nbf` is in the future.
        NotYetValid = "not_yet_valid",
        /// The text is not a refresh token of ours.
        NotARefreshToken = "not_a_refresh_token",
        /// The handler panicked.
        Panic = "panic",
        /// The registration waits for the confirmation of its address.
        Pending = "pending",
        /// The refresh token was used before: its session has ended.
        RefreshReuse = "refresh_reuse",
        /// The token version of the account is another one.
        Revoked = "revoked",
        /// The session was not used for too long, or is too old.
        SessionExpired = "session_expired",
        /// `sub` and `user_id` differ.
        SubjectMismatch = "subject_mismatch",
        /// The username or the email is taken.
        Taken = "taken",
        /// The handler did not end within its deadline.
        Timeout = "timeout",
        /// A mail of the same purpose was sent to the same address less than a minute ago, or asked for by the same account.
        TooSoon = "too_soon",
        /// The token has another algorithm, type or header member.
        UnacceptableHeader = "unacceptable_header",
        /// The token's `kid` is not that of a key in use.
        UnknownKey = "unknown_key",
        /// The service that sends mail cannot send to this address.
        Undeliverable = "undeliverable",
        /// No account has the name.
        UnknownUser = "unknown_user",
        /// The stored password hash cannot be verified.
        UnverifiableHash = "unverifiable_hash",
        /// The token has another `aud`.
        WrongAudience = "wrong_audience",
        /// The code is wrong, expired, used, of something else, or tried too often.
        WrongCode = "wrong_code",
        /// The token has another `iss`.
        WrongIssuer = "wrong_issuer",
        /// The password is wrong.
        WrongPassword = "wrong_password",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words in the first column of the table under a heading of `docs/logs.md`.
    fn documented(heading: &str) -> Vec<String> {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/logs.md")).unwrap();
        let section = page.split(&format!("## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let mut words: Vec<_> = rows.map(|(word, _)| word.to_owned()).collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn the_documentation_lists_all_words_and_no_other() {
        let sorted = |words: Vec<&'static str>| {
            let mut words = words;
            words.sort_unstable();
            words
        };
        assert_eq!(documented("Outcomes"), sorted(Outcome::ALL.iter().map(|word| word.as_str()).collect()));
        assert_eq!(documented("Reasons"), sorted(Reason::ALL.iter().map(|word| word.as_str()).collect()));
    }
}
