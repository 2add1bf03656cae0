//! Where connections may go. A destination's address is chosen by an administrator of one account; it must not become a
//! way into the network of the machine that the hub runs on.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use daybook_events::Networks;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

const LOOKUP_SECS_MAX: u64 = 10;
const METADATA: &str = "a cloud's metadata service";

/// Lets connections out to public addresses, and to the private networks that the configuration allows.
#[derive(Debug, Clone, Default)]
pub struct EgressGuard {
    allowed: Option<Networks>,
}

/// An address that connections may not go to. What an address is, whoever wrote it knows; where a name leads from the hub,
/// the hub's log tells, and nobody else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// It was given as an address.
    #[error("{address} is {what}; the hub's configuration can allow it ([connectors] allow_networks)")]
    Address {
        /// The address.
        address: IpAddr,
        /// What kind of address it is.
        what: &'static str,
    },
    /// A name leads there.
    #[error(
        "{0} leads to an address that is not allowed; the hub's configuration can allow it ([connectors] allow_networks)"
    )]
    Name(String),
}

impl EgressGuard {
    /// A guard that lets out to these networks too; to none if that is empty.
    #[must_use]
    pub fn allowing(networks: &Networks) -> Self {
        Self { allowed: (!networks.is_everywhere()).then(|| networks.clone()) }
    }

    /// Whether connections may go to an address.
    ///
    /// # Errors
    ///
    /// They may not; the text says why, and what allows it.
    pub fn check(&self, address: IpAddr) -> Result<(), Forbidden> {
        let address = address.to_canonical();
        let is_allowed = self.allowed.as_ref().is_some_and(|networks| networks.contains(address));
        let forbids = what_forbids(address);
        // A network that was let in for its machines does not let in the metadata service that lives in it.
        let is_allowed = is_allowed && forbids != Some(METADATA);
        match forbids {
            Some(what) if !is_allowed => Err(Forbidden::Address { address, what }),
            _ => Ok(()),
        }
    }

    /// Checks a host that is an address already; names are checked when they are looked up.
    ///
    /// # Errors
    ///
    /// Connections may not go there.
    pub fn check_literal(&self, host: &str) -> Result<(), Forbidden> {
        address_of(host).map_or(Ok(()), |address| self.check(address))
    }

    /// The addresses of a host to which connections may go.
    ///
    /// # Errors
    ///
    /// The name is not known, or all its addresses are forbidden.
    pub async fn lookup(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, std::io::Error> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let lookup = tokio::time::timeout(Duration::from_secs(LOOKUP_SECS_MAX), tokio::net::lookup_host((bare, port)));
        let found = lookup.await.map_err(|_| {
            std::io::Error::new(std::io::ErrorKind::TimedOut, format!("no answer to the lookup of {host}"))
        })??;
        let mut forbidden = None;
        let mut addresses = Vec::new();
        for address in found {
            match self.check(address.ip()) {
                Ok(()) => addresses.push(address),
                Err(error) => forbidden = Some(error),
            }
        }
        match forbidden {
            Some(error) if addresses.is_empty() => {
                Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, told(host, error)))
            }
            _ if addresses.is_empty() => {
                Err(std::io::Error::new(std::io::ErrorKind::NotFound, format!("{host} has no address")))
            }
            _ => Ok(addresses),
        }
    }

    /// This guard as the resolver of an HTTP client.
    #[must_use]
    pub fn resolver(self: &Arc<Self>) -> Arc<dyn Resolve> {
        Arc::new(GuardedResolver(Arc::clone(self)))
    }
}

/// The address that a host is, if it is none of a name's.
fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// What people are told who only know the name; the rest is logged.
fn told(host: &str, error: Forbidden) -> Forbidden {
    if address_of(host).is_some() {
        return error;
    }
    tracing::warn!(host, "a connection was not made: the name leads to an address that is not allowed: {error}");
    Forbidden::Name(host.to_owned())
}

/// What keeps connections away from an address, if anything does.
fn what_forbids(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => what_forbids_v4(address),
        IpAddr::V6(address) => what_forbids_v6(address),
    }
}

fn what_forbids_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [first, second, third, _] = address.octets();
    // Alibaba Cloud's metadata service is in the shared range, Azure's is a public address.
    if matches!(address.octets(), [169, 254, 169, 254] | [100, 100, 100, 200] | [168, 63, 129, 16]) {
        return Some(METADATA);
    }
    match (first, second) {
        (0, _) => Some("this machine"),
        (127, _) => Some("this machine's loopback"),
        (10, _) | (192, 168) | (172, 16..=31) => Some("a private address"),
        (100, 64..=127) => Some("an address of a carrier's own network"),
        (169, 254) => Some("a link-local address"),
        (192, 0) if third == 0 => Some("a reserved address"),
        (198, 18..=19) => Some("an address for tests of networks"),
        (224..=255, _) => Some("a multicast or reserved address"),
        _ => None,
    }
}

fn what_forbids_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    if address.is_unspecified() {
        return Some("this machine");
    }
    if address.is_loopback() {
        return Some("this machine's loopback");
    }
    // Amazon's metadata service has an address of its own inside the private range.
    if segments[..3] == [0xfd00, 0xec2, 0] || segments[..2] == [0xfd20, 0xce] {
        return Some(METADATA);
    }
    match segments[0] {
        0xfc00..=0xfdff => Some("a private address"),
        0xfe80..=0xfebf => Some("a link-local address"),
        0xfec0..=0xfeff => Some("a site-local address"),
        0xff00..=0xffff => Some("a multicast address"),
        // An IPv4 address in other clothes: NAT64, its local form, Teredo, IPv4-compatible, and 6to4.
        0x64 if segments[1] == 0xff9b && segments[2] == 1 => Some("an address of a local translator"),
        0x2001 if segments[1] == 0 => Some("a tunnel's address"),
        0 if segments[..6] == [0; 6] => {
            what_forbids_v4(embedded(segments[6], segments[7])).or(Some("a reserved address"))
        }
        0x100 if segments[1..4] == [0; 3] => Some("a reserved address"),
        0x64 if segments[1] == 0xff9b => what_forbids_v4(embedded(segments[6], segments[7])),
        0x2002 => what_forbids_v4(embedded(segments[1], segments[2])),
        _ => None,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

struct GuardedResolver(Arc<EgressGuard>);

impl fmt::Debug for GuardedResolver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GuardedResolver")
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = guard.lookup(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: [&str; 24] = [
        "127.0.0.1",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "169.254.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "255.255.255.255",
        "::1",
        "::",
        "fd00:ec2::254",
        "fc00::1",
        "fe80::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "::7f00:1",
        "64:ff9b:1::a9fe:a9fe",
        "2001::1",
        "fd20:ce::254",
        "100::1",
    ];

    #[test]
    fn private_addresses_and_metadata_services_are_out_of_reach() {
        let guard = EgressGuard::default();
        for address in INSIDE {
            assert!(guard.check(address.parse().unwrap()).is_err(), "{address}");
            assert!(guard.check_literal(address).is_err(), "{address}");
        }
        for address in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "172.32.0.1", "100.128.0.1"] {
            assert!(guard.check(address.parse().unwrap()).is_ok(), "{address}");
        }
        assert!(guard.check_literal("[::1]").is_err());
        assert!(guard.check_literal("siem.acme.example").is_ok());
    }

    #[test]
    fn networks_can_be_allowed() {
        let guard = EgressGuard::allowing(&"10.0.0.0/8".parse().unwrap());
        assert!(guard.check("10.9.9.9".parse().unwrap()).is_ok());
        let error = guard.check("192.168.1.1".parse().unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("192.168.1.1 is a private address; "), "{error}");
        assert!(EgressGuard::allowing(&Networks::default()).check("10.9.9.9".parse().unwrap()).is_err());
    }

    #[tokio::test]
    async fn a_name_is_checked_where_it_leads() {
        let guard = Arc::new(EgressGuard::default());
        let error = guard.lookup("localhost", 1).await.unwrap_err().to_string();
        assert!(error.starts_with("localhost leads to an address that is not allowed; "), "{error}");
        for detail in ["127.0.0.1", "::1", "loopback"] {
            assert!(!error.contains(detail), "where a name leads is not told: {error}");
        }
        let error = guard.lookup("[::1]", 1).await.unwrap_err().to_string();
        assert!(error.starts_with("::1 is this machine's loopback; "), "an address is known already: {error}");
        assert!(EgressGuard::allowing(&"127.0.0.0/8".parse().unwrap()).lookup("localhost", 1).await.is_ok());
    }
}
