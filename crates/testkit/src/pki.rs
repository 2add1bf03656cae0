//! A certificate authority for one test: certificates for servers of this machine and for clients, as PEM.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

const DAY: Duration = Duration::from_secs(24 * 3600);
const SERVER_NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// An authority that nobody trusts who was not told to.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its private key, PEM both.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate_pem: String,
    /// Its key, PKCS #8.
    pub key_pem: String,
}

/// Whether a certificate can be used today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// From yesterday until tomorrow.
    Current,
    /// It ended yesterday.
    Expired,
}

impl Authority {
    /// A new authority of this name.
    ///
    /// # Panics
    ///
    /// Never, where the system has randomness.
    #[must_use]
    pub fn new(common_name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, Validity::Current);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// The authority's own certificate, which a client trusts.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for a server on `localhost` and `127.0.0.1`.
    ///
    /// # Panics
    ///
    /// Never, where the system has randomness.
    #[must_use]
    pub fn server(&self, validity: Validity) -> Identity {
        let mut params = CertificateParams::new(SERVER_NAMES.map(str::to_owned)).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params, "localhost", validity)
    }

    /// A certificate for a client of this name.
    ///
    /// # Panics
    ///
    /// Never, where the system has randomness.
    #[must_use]
    pub fn client(&self, common_name: &str) -> Identity {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, common_name, Validity::Current)
    }

    fn issue(&self, mut params: CertificateParams, common_name: &str, validity: Validity) -> Identity {
        let key = KeyPair::generate().unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, validity);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() }
    }
}

impl Identity {
    /// Certificate and key in one text, as many clients want them.
    #[must_use]
    pub fn pem(&self) -> String {
        format!("{}{}", self.certificate_pem, self.key_pem)
    }
}

fn set_validity(params: &mut CertificateParams, validity: Validity) {
    let now = SystemTime::now();
    let (begins, ends) = match validity {
        Validity::Current => (now - DAY, now + DAY),
        Validity::Expired => (now - 30 * DAY, now - DAY),
    };
    params.not_before = begins.into();
    params.not_after = ends.into();
}
