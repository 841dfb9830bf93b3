//! Certificates: a function connects to AWS alone.

use std::net::SocketAddr;

use support::tls::Tls;

use crate::deployed::{Deployed, PASSWORD};
use crate::start::assert_says;

/// A TLS server with a certificate that no authority has signed. It passes everything on.
async fn impostor(behind: SocketAddr) -> Tls {
    let tls = Tls::bind().await;
    tls.pass_on_to(behind);
    tls
}

#[tokio::test]
async fn the_secret_is_not_read_from_a_server_without_amazons_certificate() {
    let service = Deployed::new().await;
    let impostor = impostor(service.secrets.address).await;
    let endpoint = impostor.url("127.0.0.1");
    let elsewhere = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", Some(&*endpoint));
    assert_says(&service.refusal("login", &[elsewhere]).await, "JWT_SECRET_ARN cannot be read");
    assert_eq!(service.secrets.reads(), 0);

    let vouched_for = impostor.certificate();
    service.start_with("login", &[elsewhere, ("SSL_CERT_FILE", Some(&vouched_for))]).await;
    assert_eq!(service.secrets.reads(), 1);
}

#[tokio::test]
async fn no_account_is_sent_to_a_server_without_amazons_certificate() {
    let service = Deployed::new().await;
    let impostor = impostor(service.proxy.address).await;
    let endpoint = impostor.url("127.0.0.1");
    let elsewhere = ("AWS_ENDPOINT_URL_DYNAMODB", Some(&*endpoint));
    let register = service.start_with("register", &[elsewhere]).await;
    register.register("alice", None).await.assert_unavailable();
    assert_eq!(service.proxy.calls(), [""; 0]);

    // With this change alone, it is trusted.
    let vouched_for = impostor.certificate();
    let believing = [elsewhere, ("SSL_CERT_FILE", Some(&*vouched_for))];
    let register = service.start_with("register", &believing).await;
    register.register("alice", None).await.assert_status(201);
    service.start("login").await.login("alice", PASSWORD).await.assert_status(200);
}
