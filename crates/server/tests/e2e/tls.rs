//! HTTPS: the local certificate authority, and certificates of one's own that change while it runs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use daybook_testkit::TestHttp;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::Method;
use tempfile::TempDir;

use crate::support::{Hub, Store, daybook, eventually};

/// A certificate authority of a company, and the files that a server of it uses.
struct Company {
    folder: TempDir,
}

impl Company {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("chain.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// A new authority and a certificate by it; the file to trust it by.
    fn issue(&self, name: &str) -> PathBuf {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let trusted = self.folder.path().join(format!("{name}.pem"));
        fs::write(&trusted, authority.self_signed(&authority_key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        fs::write(self.certificate(), certificate.pem()).unwrap();
        fs::write(self.key(), key.serialize_pem()).unwrap();
        trusted
    }

    fn hub(&self) -> Hub {
        let (certificate, key) = (self.certificate(), self.key());
        Hub::start(daybook().config_text(&format!(
            "[tls]\ncertificate_file = {:?}\nkey_file = {:?}\nreload_secs = 1\n",
            certificate.display().to_string(),
            key.display().to_string()
        )))
    }
}

/// Whether somebody who trusts this authority alone gets an answer. Every time anew, with a handshake of its own.
async fn is_trusted(url: &str, ca: Option<&Path>) -> bool {
    let url = format!("{url}/healthz");
    TestHttp::new(ca).try_send(Method::GET, &url, None, &[], Vec::new()).await.is_ok_and(|answer| answer.status == 200)
}

#[tokio::test]
async fn the_local_authority_vouches_for_localhost_and_its_addresses() {
    let hub = Hub::shared(Store::Sqlite);
    let ca = hub.ca_path.as_deref().unwrap();
    let port = hub.address().rsplit_once(':').unwrap().1;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{port}");
        assert!(is_trusted(&url, Some(ca)).await, "{host}");
        assert!(!is_trusted(&url, None).await, "who does not know the authority does not trust it");
    }
    assert!(!is_trusted(&format!("https://127.0.0.2:{port}"), Some(ca)).await);
    assert!(!is_trusted(&format!("http://127.0.0.1:{port}"), Some(ca)).await, "there is no plain HTTP beside it");
}

#[tokio::test]
async fn the_local_authority_stays_the_same_over_restarts_and_its_key_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let mut daybook = daybook().start();
    let ca = daybook.ca_path().unwrap().to_owned();
    let before = fs::read(&ca).unwrap();
    daybook.restart();
    assert_eq!(fs::read(&ca).unwrap(), before);
    assert!(is_trusted(daybook.url(), Some(&ca)).await);
    let mode = fs::metadata(ca.with_file_name("ca.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[tokio::test]
async fn a_certificate_of_one_s_own_is_used_and_replaced_without_a_restart() {
    let company = Company::new();
    let first = company.issue("first");
    let hub = company.hub();
    let pid = hub.daybook().pid();
    assert_eq!(hub.ca_path, None, "nobody has to trust more than the company");
    assert!(is_trusted(&hub.url, Some(&first)).await);

    let second = company.issue("second");
    eventually("the new certificate is used", async || is_trusted(&hub.url, Some(&second)).await).await;
    assert!(!is_trusted(&hub.url, Some(&first)).await);
    assert_eq!(hub.daybook().pid(), pid);
}

#[tokio::test]
async fn a_broken_certificate_leaves_the_one_in_use() {
    let company = Company::new();
    let trusted = company.issue("first");
    let hub = company.hub();
    let complaints = || hub.daybook().log().matches("the new certificate cannot be used; the one in use stays").count();
    let (certificate, key) = (fs::read(company.certificate()).unwrap(), fs::read(company.key()).unwrap());
    let other_key = KeyPair::generate().unwrap().serialize_pem().into_bytes();
    for (broken_certificate, broken_key) in
        [(b"not a certificate".to_vec(), key.clone()), (certificate.clone(), other_key), (Vec::new(), key.clone())]
    {
        let before = complaints();
        fs::write(company.certificate(), broken_certificate).unwrap();
        fs::write(company.key(), broken_key).unwrap();
        eventually("the broken certificate is reported", async || complaints() > before).await;
        assert!(is_trusted(&hub.url, Some(&trusted)).await);
    }
    fs::remove_file(company.certificate()).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert!(is_trusted(&hub.url, Some(&trusted)).await);

    let second = company.issue("second");
    eventually("a good certificate is used again", async || is_trusted(&hub.url, Some(&second)).await).await;
}

#[tokio::test]
async fn plain_http_serves_on_loopback_when_asked_to() {
    let hub = Hub::start(daybook().config_text("[server]\nplain_http = true\n"));
    assert!(hub.url.starts_with("http://127.0.0.1:"), "{}", hub.url);
    let account = hub.account().await;
    account.ingest(0..3).await;
    assert_eq!(account.everything().await, crate::support::uuids(0..3));
}
