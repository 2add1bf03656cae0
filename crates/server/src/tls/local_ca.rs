//! The local certificate authority: one key and certificate in the data directory, which sign the server's own.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::data_dir::write_private;

const CA_VALIDITY: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// Certificates begin a day early, for clients whose clocks are behind.
const SKEW: Duration = Duration::from_secs(24 * 3600);

/// Where the authority's certificate is.
pub(super) fn certificate_file(folder: &Path) -> PathBuf {
    folder.join("ca.pem")
}

/// A certificate for these names and its key, PEM both. Makes the authority at first use.
pub(super) fn issue(folder: &Path, names: &[String], validity: Duration) -> Result<(Vec<u8>, Vec<u8>)> {
    let (authority, ca_pem) = authority(folder)?;
    let key = KeyPair::generate().context("make the server's key")?;
    let mut params = CertificateParams::new(names.to_vec()).context("name the server's certificate")?;
    params.distinguished_name = distinguished_name(names.last().map_or("localhost", String::as_str));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, validity);
    let certificate = params.signed_by(&key, &authority).context("sign the server's certificate")?;
    Ok((format!("{}{ca_pem}", certificate.pem()).into_bytes(), key.serialize_pem().into_bytes()))
}

fn authority(folder: &Path) -> Result<(Issuer<'static, KeyPair>, String)> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("make {}", folder.display()))?;
    let (key_file, certificate_file) = (folder.join("ca.key"), certificate_file(folder));
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished_name("Daybook local certificate authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if !(key_file.exists() && certificate_file.exists()) {
        let key = KeyPair::generate().context("make the certificate authority's key")?;
        set_validity(&mut params, CA_VALIDITY);
        let certificate = params.self_signed(&key).context("sign the certificate authority")?;
        write_private(&key_file, key.serialize_pem().as_bytes())?;
        write_private(&certificate_file, certificate.pem().as_bytes())?;
    }
    let read = |file: &Path| fs::read_to_string(file).with_context(|| format!("read {}", file.display()));
    let key = KeyPair::from_pem(&read(&key_file)?).with_context(|| format!("read {}", key_file.display()))?;
    Ok((Issuer::new(params, key), read(&certificate_file)?))
}

fn distinguished_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Daybook");
    name.push(DnType::CommonName, common_name);
    name
}

fn set_validity(params: &mut CertificateParams, validity: Duration) {
    let now = SystemTime::now();
    params.not_before = (now - SKEW).into();
    params.not_after = (now + validity).into();
}
