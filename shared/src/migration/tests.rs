use super::*;

fn returned(value: &Value) -> Result<Option<MigratedUser>, MigrationError> {
    read(value.to_string().as_bytes())
}

fn user(email: Option<&str>, email_verified: bool, must_reset: bool) -> MigratedUser {
    MigratedUser {
        external_id: None,
        email: email.map(|email| Email::parse(email).unwrap()),
        email_verified,
        must_reset,
    }
}

/// The example of Cognito's documentation, and what else functions return that work there.
#[test]
fn a_yes_is_read_as_cognito_reads_it() {
    let cognito = json!({
        "version": "1", "triggerSource": TRIGGER, "userName": "belladonna",
        "response": {
            "userAttributes": { "email": "bella@example.com", "email_verified": "true" },
            "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS", "forceAliasCreation": false,
        },
    });
    assert_eq!(returned(&cognito).unwrap(), Some(user(Some("bella@example.com"), true, false)));
    for (attributes, expected) in [
        (
            json!({ "email": "bella@example.com", "email_verified": true }),
            user(Some("bella@example.com"), true, false),
        ),
        (
            json!({ "email": "bella@example.com", "email_verified": "false" }),
            user(Some("bella@example.com"), false, false),
        ),
        (json!({ "email": "bella@example.com" }), user(Some("bella@example.com"), false, false)),
        (json!({ "email": "not one", "name": "Bella" }), user(None, false, false)),
        (json!({ "username": "bella" }), user(None, false, false)),
    ] {
        assert_eq!(
            returned(&json!({ "response": { "userAttributes": attributes } })).unwrap(),
            Some(expected)
        );
    }
    let with_id = json!({ "response": { "userAttributes": { "sub": "0f1e" } } });
    let expected = MigratedUser { external_id: ExternalId::parse("0f1e").ok(), ..user(None, false, false) };
    assert_eq!(returned(&with_id).unwrap(), Some(expected));
    let reset =
        json!({ "response": { "userAttributes": { "username": "b" }, "finalUserStatus": "RESET_REQUIRED" } });
    assert_eq!(returned(&reset).unwrap(), Some(user(None, false, true)));
}

#[test]
fn a_no_is_an_event_without_attributes_or_an_error_of_the_function() {
    for no in [
        json!({ "response": {} }),
        json!({ "response": { "userAttributes": null } }),
        json!({ "response": { "userAttributes": {} } }),
        json!({ "errorType": "Error", "errorMessage": "Bad password", "trace": [] }),
        json!({ "errorType": "NotAuthorizedException", "errorMessage": "Incorrect username or password." }),
        json!({ "errorMessage": "Bad password" }),
    ] {
        assert_eq!(returned(&no).unwrap(), None, "{no}");
    }
}

#[test]
fn neither_yes_nor_no_is_a_failure() {
    for neither in [
        json!(null),
        json!({}),
        json!([]),
        json!({ "response": "yes" }),
        json!({ "errorType": "Sandbox.Timedout", "errorMessage": "RequestId: 1 Error: Task timed out after 3.00 seconds" }),
        json!({ "errorMessage": "2026-11-27T19:00:00.000Z 1 Task timed out after 3.00 seconds" }),
        json!({ "errorType": "Runtime.ExitError", "errorMessage": "RequestId: 1 Error: Runtime exited" }),
        json!({ "errorType": "Runtime.ImportModuleError", "errorMessage": "no module" }),
    ] {
        assert!(returned(&neither).is_err(), "{neither}");
    }
    assert!(read(b"").is_err());
}

#[test]
fn no_error_shows_a_message() {
    let error = thrown(Some("Runtime.canary pass word"), Some("canary")).unwrap_err();
    assert_eq!(error.to_string(), "MIGRATION_FUNCTION has failed: an error of another form");
}
