//! Certificates: a function connects to AWS alone.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::CertifiedKey;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use crate::deployed::{Deployed, PASSWORD};
use crate::start::assert_says;

/// A TLS server with a certificate that no authority has signed. It passes everything on.
struct Impostor {
    endpoint: String,
    folder: TempDir,
}

impl Impostor {
    async fn before(address: SocketAddr) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("certificate.pem"), cert.pem()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], signing_key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), address));
        Self { endpoint, folder }
    }

    /// The file of its certificate, as a trusted root.
    fn certificate(&self) -> String {
        self.folder.path().join("certificate.pem").display().to_string()
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, behind: SocketAddr) {
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        let tls = tls.clone();
        tokio::spawn(async move {
            // A client that does not trust it hangs up.
            let Ok(mut heard) = tls.accept(connection).await else { return };
            let mut behind = TcpStream::connect(behind).await.unwrap();
            drop(copy_bidirectional(&mut heard, &mut behind).await);
        });
    }
}

#[tokio::test]
async fn the_secret_is_not_read_from_a_server_without_amazons_certificate() {
    let service = Deployed::new().await;
    let impostor = Impostor::before(service.secrets.address).await;
    let elsewhere = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", Some(&*impostor.endpoint));
    assert_says(&service.refusal("login", &[elsewhere]).await, "JWT_SECRET_ARN cannot be read");
    assert_eq!(service.secrets.reads(), 0);

    let vouched_for = impostor.certificate();
    service.start_with("login", &[elsewhere, ("SSL_CERT_FILE", Some(&vouched_for))]).await;
    assert_eq!(service.secrets.reads(), 1);
}

#[tokio::test]
async fn no_account_is_sent_to_a_server_without_amazons_certificate() {
    let service = Deployed::new().await;
    let impostor = Impostor::before(service.proxy.address).await;
    let elsewhere = ("AWS_ENDPOINT_URL_DYNAMODB", Some(&*impostor.endpoint));
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
