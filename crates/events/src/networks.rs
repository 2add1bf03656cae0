//! Networks that a token may be used from.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

const NETWORKS_MAX: usize = 50;

/// A list of networks; an empty one means everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks(Vec<IpNet>);

/// A text that names no networks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworksError {
    /// Not an address or network.
    #[error("{0:?} is no address or network; write 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32")]
    Network(String),
    /// Too many.
    #[error("name at most {NETWORKS_MAX} networks, this names {0}")]
    TooMany(usize),
}

impl Networks {
    /// Whether there is no restriction.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is in one of them. An IPv4 address in IPv6 clothes counts as what it is.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.is_empty() || self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for Networks {
    type Err = NetworksError;

    /// Addresses and networks between commas, spaces or line ends.
    fn from_str(text: &str) -> Result<Self, NetworksError> {
        let words: Vec<&str> = text.split([',', ' ', '\n', '\r', '\t']).filter(|word| !word.is_empty()).collect();
        if words.len() > NETWORKS_MAX {
            return Err(NetworksError::TooMany(words.len()));
        }
        let parse = |word: &&str| {
            let address = word.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
            let network = address.or_else(|| word.parse::<IpNet>().ok());
            network
                .map(|network| network.trunc())
                .ok_or_else(|| NetworksError::Network(word.chars().take(64).collect()))
        };
        words.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, network) in self.0.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            if network.prefix_len() == network.max_prefix_len() {
                write!(formatter, "{separator}{}", network.addr())?;
            } else {
                write!(formatter, "{separator}{network}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_told_apart_and_written_back() {
        let networks: Networks = "203.0.113.7, 10.1.2.3/8\n2001:db8::/32".parse().unwrap();
        assert_eq!(networks.to_string(), "203.0.113.7, 10.0.0.0/8, 2001:db8::/32");
        for (address, is_in) in [
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("10.255.0.1", true),
            ("::ffff:10.0.0.1", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(networks.contains(address.parse().unwrap()), is_in, "{address}");
        }
    }

    #[test]
    fn none_means_everywhere_and_nonsense_is_named() {
        assert!("".parse::<Networks>().unwrap().contains("192.0.2.1".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Networks>().unwrap_err().to_string().contains("10.0.0.0/33"));
        assert_eq!("::1 ".repeat(51).parse::<Networks>(), Err(NetworksError::TooMany(51)));
    }
}
