//! The connections of all calls to AWS, as an HTTP client of the SDK: HTTP/1.1 over TLS, with a pool.
//!
//! The client that comes with the SDK also speaks HTTP/2, finds proxies, and reads root certificates from PEM alone.

use std::sync::Arc;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector as TcpConnector, capture_connection,
};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use super::EnvironmentError;

/// The root certificates of Amazon Trust Services, the only ones trusted: all five, as <https://www.amazontrust.com/repository/>
/// advises for trust stores of one's own. The system's store has a hundred and forty others, and reading it took most of a cold
/// start.
const AMAZON_ROOTS: [&[u8]; 5] = [
    include_bytes!("roots/amazon-1.der"),
    include_bytes!("roots/amazon-2.der"),
    include_bytes!("roots/amazon-3.der"),
    include_bytes!("roots/amazon-4.der"),
    include_bytes!("roots/starfield-services-g2.der"),
];

/// The root certificates that are trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Roots {
    /// Amazon, for its services.
    Amazon,
    /// The certificate authorities in the file or the folder that the environment names.
    Given,
}

/// A pool of connections.
#[derive(Debug)]
struct Connections(Client<HttpsConnector<TcpConnector>, SdkBody>);

/// The client that all services share. No connection is open yet.
pub(super) fn client(roots: Roots) -> Result<SharedHttpClient, EnvironmentError> {
    let mut tcp = TcpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let https = HttpsConnector::from((tcp, tls(roots)?));
    let pool = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(https);
    let connector = SharedHttpConnector::new(Connections(pool));
    Ok(http_client_fn(move |_, _| connector.clone()))
}

fn tls(roots: Roots) -> Result<ClientConfig, EnvironmentError> {
    let mut trusted = RootCertStore::empty();
    match roots {
        Roots::Amazon => {
            for root in AMAZON_ROOTS {
                trusted.add(CertificateDer::from_slice(root)).map_err(|_| EnvironmentError::Roots)?;
            }
        }
        Roots::Given => {
            let found = rustls_native_certs::load_native_certs();
            trusted.add_parsable_certificates(found.certs);
        }
    }
    if trusted.is_empty() {
        return Err(EnvironmentError::Roots);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| EnvironmentError::Roots)?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}

impl HttpConnector for Connections {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let captured = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&captured));
        }
        let sent = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let response = sent.await.map_err(failure)?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The way in which the SDK keeps a connection with a failed exchange out of the pool.
fn metadata(captured: &CaptureConnection) -> Option<ConnectionMetadata> {
    captured.connection_metadata().as_ref()?;
    let captured = captured.clone();
    let poison = move || {
        if let Some(connection) = captured.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

/// Any exchange that failed may succeed in another attempt, which I/O errors get.
fn failure(error: Error) -> ConnectorError {
    ConnectorError::io(error.into())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// The fingerprints are those on <https://www.amazontrust.com/repository/>.
    #[test]
    fn all_of_amazons_roots_are_trusted_and_no_others() {
        let fingerprints = AMAZON_ROOTS.map(|root| crate::hex::encode(&Sha256::digest(root)));
        assert_eq!(
            fingerprints,
            [
                "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
                "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
                "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
                "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
                "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
            ]
        );
    }
}
