//! TLS in front of a server, with a certificate that no authority has signed.

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

/// A free port of 127.0.0.1 and its certificate. It ends with the runtime that made it.
#[derive(Debug)]
pub struct Tls {
    listener: Arc<TcpListener>,
    config: Arc<ServerConfig>,
    folder: TempDir,
}

impl Tls {
    /// Takes the port. Nobody is answered yet.
    pub async fn bind() -> Self {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("certificate.pem"), cert.pem()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], signing_key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener: Arc::new(listener), config: Arc::new(config), folder }
    }

    /// Passes everything on to the server behind it.
    pub fn pass_on_to(&self, behind: SocketAddr) {
        tokio::spawn(serve(self.listener.clone(), TlsAcceptor::from(self.config.clone()), behind));
    }

    /// The URL of this host, which is `127.0.0.1` or `localhost`.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.listener.local_addr().unwrap().port())
    }

    /// The file of its certificate, as a trusted root.
    pub fn certificate(&self) -> String {
        self.folder.path().join("certificate.pem").display().to_string()
    }
}

async fn serve(listener: Arc<TcpListener>, tls: TlsAcceptor, behind: SocketAddr) {
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
