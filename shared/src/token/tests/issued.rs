//! Tokens that we issue, and those of another implementation.

use super::*;
use crate::session::{Label, Session, SessionId};

/// Made by `PyJWT`, but for one token of ours: see `vectors/make.py`. Never regenerate it with our own code: it
/// shows that tokens made elsewhere, or by us years ago, are judged the same.
const VECTORS: &str = include_str!("../vectors/pyjwt.json");

#[test]
fn an_issued_token_is_verified() {
    let longest = "𝔞".repeat(150);
    for username in ["alice", "Jose\u{301}", "用户", &longest] {
        let token =
            Issuer::new(rules(), &keys(SECRET, None)).issue(&account(username).standing(), at(NOW)).unwrap();
        let claims = verify(&token).unwrap();
        let expected = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: ID.to_owned(),
            user_id: ID.to_owned(),
            username: username.to_owned(),
            ver: 3,
            iat: NOW,
            exp: NOW + 3600,
            nbf: None,
            jti: claims.jti.clone(),
            sid: None,
        };
        assert_eq!(claims, expected);
    }
}

#[test]
fn an_issued_token_has_our_header_and_no_other_claims() {
    let token = Issuer::new(rules(), &keys(SECRET, Some(PREVIOUS)))
        .issue(&account("alice").standing(), at(NOW))
        .unwrap();
    let json = |part: &str| -> Value {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(json(parts[0]), header());
    let claims = with(with(claims(), "iat", NOW), "exp", NOW + 3600);
    assert_eq!(with(json(parts[1]), "jti", claims["jti"].clone()), claims);
}

#[test]
fn a_token_lives_as_long_as_configured() {
    for ttl in [Duration::from_secs(1), Duration::from_secs(90), Duration::from_hours(1), MAX_TTL] {
        let issuer = Issuer::new(Rules { ttl, ..rules() }, &keys(SECRET, None));
        let token = issuer.issue(&account("alice").standing(), at(NOW) + Duration::from_millis(999)).unwrap();
        let verifier = verifier(SECRET, None);
        let lived = |time| verifier.verify(&token, at(NOW) + time).err();
        assert_eq!(lived(Duration::ZERO), None);
        assert_eq!(lived(ttl.saturating_sub(Duration::from_nanos(1))), None);
        assert_eq!(lived(ttl), Some(Expired));
    }
}

/// And no longer than its session.
#[test]
fn a_token_of_a_session_names_it_and_lives_as_long_as_configured() {
    let issuer = Issuer::new(rules(), &keys(SECRET, None));
    let session = Session::new(SessionId::random(4).unwrap(), 3, Label::default(), at(NOW));
    let standing = Standing { session: Some(session.clone()), ..account("alice").standing() };
    let expiry = |now| {
        let claims =
            verifier(SECRET, None).verify(&issuer.issue(&standing, at(now)).unwrap(), at(now)).unwrap();
        assert_eq!(claims.sid, Some(session.id.to_string()));
        claims.exp
    };
    let idle = rules().sessions.idle.as_secs();
    assert_eq!(expiry(NOW), NOW + 900);
    assert_eq!(expiry(NOW + idle - 10), NOW + idle);
}

#[test]
fn no_two_tokens_are_alike() {
    let issuer = Issuer::new(rules(), &keys(SECRET, None));
    let mut ids = HashSet::new();
    for _ in 0..10_000 {
        let token = issuer.issue(&account("alice").standing(), at(NOW)).unwrap();
        let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let Claims { jti, .. } = serde_json::from_slice(&payload).unwrap();
        assert!(jti.len() == 32 && jti.bytes().all(|b| b"0123456789abcdef".contains(&b)), "{jti}");
        ids.insert(jti);
    }
    assert_eq!(ids.len(), 10_000);
}

#[test]
fn tokens_made_by_another_implementation_are_judged_as_ours() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let verifier = verifier(SECRET, Some(PREVIOUS));
    assert_eq!(vectors["kids"], json!([kid(SECRET), kid(PREVIOUS)]));
    let (good, bad) = (vectors["good"].as_array().unwrap(), vectors["bad"].as_array().unwrap());
    assert!(!good.is_empty() && !bad.is_empty());
    for vector in good {
        let claims = verifier.verify(vector["token"].as_str().unwrap(), at(NOW)).map(|c| json!(c));
        assert_eq!(claims.as_ref(), Ok(&vector["claims"]), "{}", vector["name"]);
    }
    for vector in bad {
        let refusal = verifier.verify(vector["token"].as_str().unwrap(), at(NOW)).map_err(TokenError::reason);
        assert_eq!(refusal.err().map(Reason::as_str), vector["reason"].as_str(), "{}", vector["name"]);
    }
}

#[test]
fn every_refusal_has_its_own_word_for_the_log() {
    let refusals = [
        BadSignature,
        Expired,
        LifetimeTooLong,
        Malformed,
        NotYetValid,
        SubjectMismatch,
        UnacceptableHeader,
        UnknownKey,
        WrongAudience,
        WrongIssuer,
    ];
    let words = refusals.map(|refusal| refusal.reason().as_str());
    assert_eq!(words.into_iter().collect::<HashSet<_>>().len(), refusals.len());
}

#[test]
fn neither_issuer_nor_verifier_prints_the_secret() {
    let keys = keys(SECRET, Some(PREVIOUS));
    let printed = format!("{:?} {:?}", Issuer::new(rules(), &keys), Verifier::new(&rules(), &keys));
    assert!(printed.contains(AUDIENCE));
    for secret in [SECRET, PREVIOUS] {
        assert!(!printed.contains(secret));
        assert!(!printed.contains(&format!("{:?}", secret.as_bytes())));
    }
}
