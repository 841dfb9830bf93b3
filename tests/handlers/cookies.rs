//! Refresh and device tokens as cookies, and requests of pages of other sites.

use serde_json::{Value, json};

use crate::event::Sender;
use crate::handlers::{Handlers, PASSWORD, Response};
use crate::sessions::{INVALID_SESSION, Signed, judged};

const ORIGIN: &str = "https://app.example.com";
const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-site");

async fn alice() -> Handlers {
    let service =
        Handlers::with(&[("ALLOWED_ORIGINS", "https://app.example.com,http://localhost:5173")]).await;
    service.enrol("alice").await;
    service
}

/// A request with cookies as this sender passes them on.
fn request(sender: Sender, path: &str, headers: &[(&str, &str)], cookies: &[&str], body: &Value) -> Value {
    let json = [("content-type", "application/json")];
    let joined = cookies.join("; ");
    let cookie = [("cookie", joined.as_str())];
    let is_array = matches!(sender, Sender::HttpApi | Sender::FunctionUrl);
    let cookie = cookie.iter().filter(|_| !is_array && !cookies.is_empty());
    let headers: Vec<_> = json.iter().chain(headers).chain(cookie).copied().collect();
    let mut event = sender.at(path, sender.request("POST", &headers, &body.to_string()));
    if is_array {
        event["cookies"] = json!(cookies);
    }
    event
}

fn login_body() -> Value {
    json!({ "username": "alice", "password": PASSWORD, "session": "cookie" })
}

/// The `name=value` of a cookie that a response sets.
fn cookie<'a>(response: &'a Response, name: &str) -> &'a str {
    let set = response.cookies.iter().find(|cookie| cookie.starts_with(&format!("{name}="))).unwrap();
    set.split(';').next().unwrap()
}

async fn log_in(service: &Handlers) -> Response {
    let response = service.login(request(Sender::HttpApi, "/login", &[SAME_SITE], &[], &login_body())).await;
    assert_eq!(response.status, 200, "{response:?}");
    response
}

#[tokio::test]
async fn tokens_are_set_as_cookies_that_no_script_and_no_other_site_gets() {
    for sender in Sender::ALL {
        let service = alice().await;
        let response = service.login(request(sender, "/login", &[SAME_SITE], &[], &login_body())).await;
        let body = response.json();
        assert!(body.get("refresh_token").is_none() && body.get("device_token").is_none(), "{sender:?}");
        assert_eq!(
            (&body["refresh_expires_in"], body["session_id"].is_string()),
            (&json!(14 * 86_400), true)
        );
        let attributes: Vec<_> = response
            .cookies
            .iter()
            .map(|cookie| (cookie.split('=').next().unwrap(), cookie.split_once("; ").unwrap().1))
            .collect();
        let strict = "Path=/; Secure; HttpOnly; SameSite=Strict";
        let expected = [
            ("__Host-device", format!("{strict}; Max-Age={}", 180 * 86_400)),
            ("__Host-refresh", format!("{strict}; Max-Age={}", 14 * 86_400)),
        ];
        assert_eq!(attributes, expected.each_ref().map(|(name, rest)| (*name, rest.as_str())), "{sender:?}");
        assert!(response.cookies.iter().all(|cookie| cookie.len() < 4096));
    }
}

#[tokio::test]
async fn a_registration_sets_them_too() {
    let service = Handlers::new().await;
    let event = request(Sender::HttpApi, "/register", &[SAME_SITE], &[], &login_body());
    let response = service.register(event).await;
    assert_eq!((response.status, response.cookies.len()), (201, 2));
    let refresh = cookie(&response, "__Host-refresh");
    let event = request(Sender::HttpApi, "/refresh", &[SAME_SITE], &[refresh], &json!({}));
    assert_eq!(service.login(event).await.status, 200);
}

#[tokio::test]
async fn a_refresh_by_cookie_sets_the_next_one() {
    for sender in Sender::ALL {
        let service = alice().await;
        let mut last = log_in(&service).await;
        for _ in 0..3 {
            let sent = cookie(&last, "__Host-refresh").to_owned();
            let event =
                request(sender, "/refresh", &[SAME_SITE], &["theme=dark", &sent, "__Host-x=1"], &json!({}));
            let next = service.login(event).await;
            assert_eq!((next.status, next.cookies.len()), (200, 1), "{sender:?} {next:?}");
            assert_ne!(cookie(&next, "__Host-refresh"), sent);
            assert!(next.json().get("refresh_token").is_none());
            last = next;
        }
    }
}

/// A browser sends such a request without a body, and without saying what it would be.
#[tokio::test]
async fn a_refresh_by_cookie_needs_no_body() {
    let service = alice().await;
    let refresh = cookie(&log_in(&service).await, "__Host-refresh").to_owned();
    let mut event = Sender::HttpApi.at("/refresh", Sender::HttpApi.request("POST", &[SAME_SITE], ""));
    event["cookies"] = json!([refresh]);
    assert_eq!(service.login(event).await.status, 200);
}

/// As the emulator of a laptop passes cookies on.
#[tokio::test]
async fn a_cookie_in_the_list_and_in_the_header_is_one() {
    let service = alice().await;
    let logged_in = log_in(&service).await;
    let cookie = cookie(&logged_in, "__Host-refresh");
    let mut event = request(Sender::HttpApi, "/refresh", &[SAME_SITE, ("cookie", cookie)], &[], &json!({}));
    event["cookies"] = json!([cookie]);
    assert_eq!(service.login(event).await.status, 200);
}

#[tokio::test]
async fn a_refused_refresh_and_a_logout_clear_the_cookie() {
    const CLEARED: &str = "__Host-refresh=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0";
    let service = alice().await;
    let signed = log_in(&service).await;
    let refresh = cookie(&signed, "__Host-refresh").to_owned();
    let send = async |path: &str, cookies: &[&str]| {
        service.login(request(Sender::HttpApi, path, &[SAME_SITE], cookies, &json!({}))).await
    };
    let out = send("/logout", &[&refresh]).await;
    assert_eq!((out.status, out.body.as_str(), &out.cookies[..]), (204, "", &[CLEARED.to_owned()][..]));
    assert_eq!(judged(&service, &Signed::of(&signed).token()).await, 401);
    let twice = format!("{refresh}; {refresh}");
    for cookies in [
        &[refresh.as_str()][..],
        &["__Host-refresh=x"],
        &["__Host-refresh="],
        &["__Host-refresh"],
        &[&refresh, &refresh],
        &[&twice],
    ] {
        let refused = send("/refresh", cookies).await;
        assert_eq!((refused.status, refused.body.as_str()), (401, INVALID_SESSION), "{cookies:?}");
        assert_eq!(refused.cookies, [CLEARED], "{cookies:?}");
    }
    let missing = send("/refresh", &["__host-refresh=x"]).await;
    assert_eq!((missing.status, missing.cookies.len()), (400, 0), "names are case-sensitive");
}

/// Each with a cookie that is good.
#[tokio::test]
async fn pages_of_other_sites_can_neither_use_nor_set_cookies() {
    #[track_caller]
    fn assert_refused(response: &Response) {
        let body = r#"{"code":"cross_site","error":"Cross-site request"}"#;
        assert_eq!((response.status, response.body.as_str(), response.cookies.len()), (403, body, 0));
    }

    let service = alice().await;
    let refresh = cookie(&log_in(&service).await, "__Host-refresh").to_owned();
    let host = ("host", "auth.example.com");
    for headers in [
        &[][..],
        &[host],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", ORIGIN)],
        &[("sec-fetch-site", "")],
        &[("sec-fetch-site", "Same-Site")],
        &[host, ("origin", "https://evil.example")],
        &[host, ("origin", "null")],
        &[host, ("origin", "*")],
        &[host, ("origin", "https://auth.example.com.evil.example")],
        &[host, ("origin", "auth.example.com")],
        &[("origin", "https://")],
        &[("host", ""), ("origin", "https://")],
        &[host, ("origin", "https://app.example.com:444")],
        &[host, ("origin", "http://app.example.com")],
        &[host, ("origin", "http://auth.example.com")],
        &[("host", "localhost.evil.example"), ("origin", "http://localhost.evil.example")],
    ] {
        for (path, cookies, body) in [
            ("/login", &[][..], login_body()),
            ("/refresh", &[refresh.as_str()], json!({})),
            ("/logout", &[refresh.as_str()], json!({})),
            ("/logout", &[refresh.as_str()], json!({ "all": true })),
        ] {
            let response = service.login(request(Sender::HttpApi, path, headers, cookies, &body)).await;
            assert_refused(&response);
        }
        let mut registration = login_body();
        registration["username"] = "eve".into();
        let response =
            service.register(request(Sender::HttpApi, "/register", headers, &[], &registration)).await;
        assert_refused(&response);
    }
    assert!(service.account("eve").await.is_none());
    for headers in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("sec-fetch-site", "none")],
        &[host, ("origin", ORIGIN)],
        &[host, ("origin", "http://localhost:5173")],
        &[host, ("origin", "https://auth.example.com")],
        &[("host", "localhost:9000"), ("origin", "http://localhost:9000")],
    ] {
        let event = request(Sender::HttpApi, "/refresh", headers, &[&refresh], &json!({}));
        assert_eq!(service.login(event).await.status, 200, "{headers:?}");
    }
}

/// Clients that keep their token themselves are of no site, and a cookie beside it changes nothing.
#[tokio::test]
async fn a_token_in_the_body_is_asked_for_no_site() {
    let service = alice().await;
    let refresh = cookie(&log_in(&service).await, "__Host-refresh").to_owned();
    let body = json!({ "username": "alice", "password": PASSWORD, "session": "token" });
    let cross = [("sec-fetch-site", "cross-site")];
    let own = Signed::of(&service.login(request(Sender::HttpApi, "/login", &cross, &[], &body)).await);
    let body = json!({ "refresh_token": own.refresh_token() });
    let response = service.login(request(Sender::HttpApi, "/refresh", &cross, &[&refresh], &body)).await;
    assert_eq!((response.status, response.cookies.len()), (200, 0));
    assert_eq!(response.json()["session_id"], own.session());
    let refused = service
        .login(request(Sender::HttpApi, "/refresh", &cross, &[&refresh], &json!({ "refresh_token": "x" })))
        .await;
    assert_eq!((refused.status, refused.cookies.len()), (401, 0));
}

/// Else daily logins of one browser push out the sessions of the other devices.
#[tokio::test]
async fn a_login_in_a_browser_takes_the_place_of_the_session_that_it_was_in() {
    let service = alice().await;
    let phone = crate::sessions::log_in(&service).await;
    let mut last = log_in(&service).await;
    for _ in 0..12 {
        let refresh = cookie(&last, "__Host-refresh").to_owned();
        let next =
            service.login(request(Sender::HttpApi, "/login", &[SAME_SITE], &[&refresh], &login_body())).await;
        assert_eq!(judged(&service, &Signed::of(&last).token()).await, 401);
        last = next;
    }
    assert_eq!(judged(&service, &phone.token()).await, 200);
    assert_eq!(service.count("sessions"), 2);
    let of_phone = format!("__Host-refresh={}", phone.refresh_token());
    service.enrol("bob").await;
    let mut bob = login_body();
    bob["username"] = "bob".into();
    let event = request(Sender::HttpApi, "/login", &[SAME_SITE], &[&of_phone], &bob);
    assert_eq!(service.login(event).await.status, 200);
    assert_eq!(judged(&service, &phone.token()).await, 200, "another account's session stays");
}

/// The session of the access token ends even if the cookie is of another session, or of none.
#[tokio::test]
async fn a_logout_ends_all_sessions_that_its_tokens_name() {
    let service = alice().await;
    for garbage in [false, true] {
        let (cookie_session, own) = (log_in(&service).await, crate::sessions::log_in(&service).await);
        let refresh = if garbage { "__Host-refresh=x" } else { cookie(&cookie_session, "__Host-refresh") };
        let bearer = format!("Bearer {}", own.token());
        let headers = [SAME_SITE, ("authorization", bearer.as_str())];
        let out = service.login(request(Sender::HttpApi, "/logout", &headers, &[refresh], &json!({}))).await;
        assert_eq!((out.status, out.cookies.len()), (204, 1));
        assert_eq!(judged(&service, &own.token()).await, 401);
        assert_eq!(
            judged(&service, &Signed::of(&cookie_session).token()).await,
            if garbage { 200 } else { 401 }
        );
    }
}

/// A page that was open for long has a good cookie and an access token that has expired.
#[tokio::test]
async fn a_logout_by_cookie_needs_no_good_access_token() {
    let service = alice().await;
    let signed = log_in(&service).await;
    let headers = [SAME_SITE, ("authorization", "Bearer expired")];
    let event =
        request(Sender::HttpApi, "/logout", &headers, &[cookie(&signed, "__Host-refresh")], &json!({}));
    assert_eq!(service.login(event).await.status, 204);
    assert_eq!(judged(&service, &Signed::of(&signed).token()).await, 401);
}
