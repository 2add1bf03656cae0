//! What buckets are named by: short digests, so that a long email costs no memory and no personal data is kept.

use std::net::IpAddr;

use ring::digest::{Context, SHA256};

use crate::console::credentials::devices::KnownDevice;

/// The name of a bucket.
pub(super) type BucketKey = [u8; 16];

/// Of a device.
pub(super) fn device_key(device: KnownDevice) -> BucketKey {
    key(b"device", &[device.as_bytes()])
}

/// Of an email, in any case.
pub(super) fn email_key(email: &str) -> BucketKey {
    key(b"email", &[email.to_lowercase().as_bytes()])
}

/// Of an email and the /24 or /64 an address is in.
pub(super) fn pair_key(email: &str, address: IpAddr) -> BucketKey {
    key(b"pair", &[&network(address, 64), email.to_lowercase().as_bytes()])
}

/// Of the /24 or /48 an address is in: one customer of a provider may have 65,536 networks of /64.
pub(super) fn network_key(address: IpAddr) -> BucketKey {
    key(b"network", &[&network(address, 48)])
}

/// An address without its last bits, as 16 bytes; an IPv4 address in IPv6 clothes is what it is.
fn network(address: IpAddr, ipv6_bits: u32) -> [u8; 16] {
    let bits = match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_ipv6_mapped()) & (u128::MAX << 8),
        IpAddr::V6(address) => u128::from(address) & (u128::MAX << (128 - ipv6_bits)),
    };
    bits.to_be_bytes()
}

fn key(kind: &[u8], parts: &[&[u8]]) -> BucketKey {
    let mut context = Context::new(&SHA256);
    context.update(kind);
    context.update(&[0]);
    for part in parts {
        context.update(part);
    }
    let mut key = BucketKey::default();
    for (to, from) in key.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    key
}
