use super::*;

fn hasher() -> Hasher {
    Hasher::new(Cost::DEFAULT).unwrap()
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

fn stored(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

/// Made by argon2-cffi 25.1 from `correct horse battery staple`. Never regenerate it with our own code: it
/// shows that hashes made elsewhere, or by us years ago, stay good.
const FOREIGN: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$ISO7kkvFzh19GM8qB7patN3C3Y9HHsjlVTfEZ9T600Y";

/// Made by Django 5.2.19 from `correct horse`.
const DJANGO: &str = "pbkdf2_sha256$1000$GfvyuPTGZY4pIqKm0Ncyuf$ChVhyA0JewxDegQl7rE2Tptwq7FEUoj6mC0K8R3wXxc=";

#[test]
fn a_hash_made_elsewhere_verifies() {
    let hasher = hasher();
    let right = password("correct horse battery staple");
    assert_eq!(hasher.verify(Some(&stored(FOREIGN)), Some(&right)).map(Verification::is_match), Ok(true));
    let wrong = password("correct horse battery stapler");
    assert_eq!(hasher.verify(Some(&stored(FOREIGN)), Some(&wrong)).map(Verification::is_match), Ok(false));
    assert!(!hasher.is_outdated(&stored(FOREIGN)));
}

#[test]
fn a_hash_is_a_phc_string_with_its_own_salt() {
    let hasher = hasher();
    let (one, two) =
        (hasher.hash(&password("secret phrase")).unwrap(), hasher.hash(&password("secret phrase")).unwrap());
    assert_ne!(one, two);
    assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
    assert_eq!(
        hasher.verify(Some(&one), Some(&password("secret phrase"))).map(Verification::is_match),
        Ok(true)
    );
}

#[test]
fn the_whole_password_counts() {
    let hasher = hasher();
    let long = "x".repeat(200);
    let hash = hasher.hash(&password(&long)).unwrap();
    for length in [72, 128, 199] {
        assert_eq!(
            hasher.verify(Some(&hash), Some(&password(&long[..length]))).map(Verification::is_match),
            Ok(false)
        );
    }
}

#[test]
fn every_path_of_a_verification_computes_once_at_the_current_cost() {
    let hasher = hasher();
    let hash = hasher.hash(&password("secret phrase")).unwrap();
    let corrupt = stored("not a hash");
    let right = password("secret phrase");
    let elsewhere = stored(DJANGO);
    for (stored, typed) in [
        (Some(&elsewhere), Some(&right)),
        (Some(&elsewhere), None),
        (Some(&hash), Some(&right)),
        (Some(&hash), None),
        (None, Some(&right)),
        (None, None),
        (Some(&corrupt), Some(&right)),
    ] {
        let before = hasher.computations();
        let _ = hasher.verify(stored, typed).map(Verification::is_match);
        assert_eq!(hasher.computations(), before + 1);
    }
    assert!(hasher.is_current(&*hash.scheme().unwrap()));
    assert!(hasher.is_current(&hasher.decoy));
}

/// Everybody is answered after the same two computations, so that the time tells nothing of where a hash is from.
#[test]
fn with_a_second_decoy_every_path_computes_both() {
    let elsewhere = stored(DJANGO);
    let hasher = hasher().with_decoy(Some(&elsewhere)).unwrap();
    let ours = hasher.hash(&password("correct horse")).unwrap();
    let corrupt = stored("not a hash");
    for (stored, typed, expected) in [
        (Some(&ours), "correct horse", Ok(true)),
        (Some(&ours), "wrong", Ok(false)),
        (Some(&elsewhere), "correct horse", Ok(true)),
        (Some(&elsewhere), "wrong", Ok(false)),
        (None, "correct horse", Ok(false)),
        (Some(&corrupt), "correct horse", Err(Unverifiable::Scheme)),
    ] {
        let made = (hasher.computations(), hasher.computations_elsewhere());
        assert_eq!(hasher.verify(stored, Some(&password(typed))).map(Verification::is_match), expected);
        assert_eq!((hasher.computations(), hasher.computations_elsewhere()), (made.0 + 2, made.1 + 1));
        let made = (hasher.computations(), hasher.computations_elsewhere());
        assert_ne!(hasher.verify(stored, None).map(Verification::is_match), Ok(true));
        assert_eq!((hasher.computations(), hasher.computations_elsewhere()), (made.0 + 2, made.1 + 1));
    }
}

#[test]
fn a_second_decoy_is_a_hash_that_can_be_verified() {
    for text in [
        "",
        "!",
        "canary",
        "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ] {
        let error = hasher().with_decoy(Some(&stored(text))).unwrap_err();
        assert!(error.to_string().starts_with("DECOY_HASH must be"), "{error}");
    }
}

#[test]
fn the_decoy_follows_the_configured_cost() {
    let hasher = Hasher::new(Cost::new(12_288, 3).unwrap()).unwrap();
    assert_eq!(hasher.decoy.to_string(), "v=19,m=12288,t=3,p=1");
}

#[test]
fn an_unknown_name_and_an_impossible_password_never_match() {
    let hasher = hasher();
    let empty = hasher.hash(&password("")).unwrap();
    assert_eq!(hasher.verify(Some(&empty), None).map(Verification::is_match), Ok(false));
    assert_eq!(hasher.verify(None, Some(&password("anything"))).map(Verification::is_match), Ok(false));
}

#[test]
fn a_hash_of_another_cost_is_outdated() {
    let old = Hasher::new(Cost::new(7_168, 5).unwrap()).unwrap().hash(&password("secret phrase")).unwrap();
    assert!(hasher().is_outdated(&old));
    assert!(!hasher().is_outdated(&hasher().hash(&password("secret phrase")).unwrap()));
}

#[test]
fn hostile_and_corrupt_rows_are_refused_without_their_work() {
    let hasher = hasher();
    let tag = "c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    for (text, reason) in [
        (String::new(), Unverifiable::Malformed),
        ("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA".to_owned(), Unverifiable::Malformed),
        (format!("$argon2id$v=19$m=4294967295,t=2,p=1${tag}"), Unverifiable::TooCostly),
        (format!("$argon2id$v=19$m=19456,t=1000000,p=1${tag}"), Unverifiable::TooCostly),
        (format!("$argon2id$v=19$m=262144,t=16,p=1${tag}"), Unverifiable::TooCostly),
        (format!("$argon2id$v=19$m=19456,t=2,p=17${tag}"), Unverifiable::TooCostly),
        (format!("$argon2id$v=19$m=1,t=2,p=1${tag}"), Unverifiable::Malformed),
        (format!("$argon2id$v=19$x=1${tag}"), Unverifiable::Malformed),
        (format!("$argon2id$v=18$m=19456,t=2,p=1${tag}"), Unverifiable::Malformed),
    ] {
        assert_eq!(
            hasher.verify(Some(&stored(&text)), Some(&password("x"))).map(Verification::is_match),
            Err(reason),
            "{text}"
        );
    }
}

#[test]
fn a_hash_cannot_be_printed() {
    let hash = hasher().hash(&password("secret phrase")).unwrap();
    assert_eq!(format!("{hash:?}"), "PasswordHash(***)");
    assert!(!format!("{:?}", hasher()).contains("argon2id$"));
}
