//! Requests over TLS: only to servers whose certificate is to be trusted.
//!
//! `tls/` holds an authority of the tests' own and a server's certificate for `localhost`, both good
//! for a hundred years; nobody else trusts them, so the key is no secret.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use capstan_outbox::ports::{StorageTarget, Storages, Stored, Upload, UploadError, UploadProgress};
use capstan_plugin::PluginHost;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::common::{config, private};

fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/misbehaviour/tls").join(name)
}

/// A server that takes everything; answers its port.
async fn server() -> u16 {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = vec![CertificateDer::from_pem_file(pem("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(pem("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that doesn't trust the certificate hangs up here.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = Vec::new();
            while !request.ends_with(b">") {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0);
            }
            assert!(request.starts_with(b"PUT //key/"), "{}", String::from_utf8_lossy(&request));
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    port
}

struct Forget;

impl UploadProgress for Forget {
    fn save(&self, _state: Vec<u8>) {}
}

async fn put(host: &str, port: u16, trusted: Option<PathBuf>) -> Result<Stored, UploadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "0123456789").unwrap();
    let mut config = config(folder.path(), &["puts"]);
    config.grants = vec![private(host)].into();
    config.extra_ca = trusted;
    let plugins = PluginHost::load(config).unwrap();
    let config = format!(
        "{{\"mode\": \"whole\", \"scheme\": \"https\", \"host\": \"{host}\", \"port\": \"{port}\"}}"
    );
    let storage = Storages::open(&plugins, &StorageTarget { storage: "puts".into(), config })?;
    let upload = Upload {
        id: "u-1".into(),
        key: "key".into(),
        path,
        size: 10,
        content_type: "video/mp4".into(),
        saved: None,
    };
    storage.put(&upload, &Forget).await
}

#[tokio::test]
async fn only_trusted_servers_of_the_right_name_get_anything() {
    let port = server().await;
    put("localhost", port, Some(pem("authority.pem"))).await.unwrap();
    let strange = put("localhost", port, None).await.unwrap_err();
    assert!(strange.to_string().contains("UnknownIssuer"), "{strange}");
    let renamed = put("127.0.0.1", port, Some(pem("authority.pem"))).await.unwrap_err();
    assert!(renamed.to_string().contains("certificate not valid for name"), "{renamed}");
}

#[test]
fn a_file_without_certificates_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &[]);
    config.extra_ca = Some(pem("server.key"));
    let error = PluginHost::load(config).err().unwrap().to_string();
    assert!(error.contains("server.key: no certificate in it"), "{error}");
}
