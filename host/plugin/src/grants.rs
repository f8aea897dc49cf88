//! Where plugins may send requests: what they asked for and the operator granted.
//!
//! The invariant: a request leaves only for an endpoint that the plugin's configuration named and a
//! grant covers, to an address that is public or granted by name. The address that was checked is
//! the one connected to, so a name that changes its mind gains nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

use crate::fault::cut;
use crate::v1::bindings::exports::capstan::plugin::plugin::{Endpoint, Scheme};

/// One line of the operator's `allow` list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    hosts: Hosts,
    port: Option<u16>,
    allow_private: bool,
}

/// Which hosts a pattern means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    /// `*`: every one.
    Every,
    /// `*.example.com`: every one below a domain.
    Below(String),
    /// This one.
    One(String),
}

/// A text that is no [`Grant`].
#[derive(Debug, Error, PartialEq, Eq)]
#[error("grant {text:?}: {what}; write host, host:port, *.domain or *")]
pub struct BadGrant {
    /// What was given, cut.
    pub text: String,
    /// What is wrong with it.
    pub what: &'static str,
}

impl FromStr for Grant {
    type Err = BadGrant;

    /// `host`, `host:port`, `*.domain`, `*.domain:port`, `[v6]:port`, or `*` for every public host.
    fn from_str(text: &str) -> Result<Self, BadGrant> {
        let bad = |what| BadGrant { text: text.chars().take(100).collect(), what };
        let (host, port) = split_port(text).map_err(bad)?;
        let hosts = Hosts::parse(&host.to_ascii_lowercase()).map_err(bad)?;
        Ok(Self { hosts, port, allow_private: false })
    }
}

impl fmt::Display for Grant {
    /// As it is written in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (below, host) = match &self.hosts {
            Hosts::Every => ("", "*"),
            Hosts::Below(domain) => ("*.", domain.as_str()),
            Hosts::One(host) => ("", host.as_str()),
        };
        match self.port {
            Some(port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Some(port) => write!(f, "{below}{host}:{port}"),
            None => write!(f, "{below}{host}"),
        }
    }
}

impl Grant {
    /// The same grant, good for private and loopback addresses too (or not).
    #[must_use]
    pub fn with_private(self, allow_private: bool) -> Self {
        Self { allow_private, ..self }
    }

    fn covers(&self, target: &Target) -> bool {
        self.port.is_none_or(|port| port == target.port) && self.hosts.cover(&target.host)
    }
}

impl Hosts {
    fn parse(host: &str) -> Result<Self, &'static str> {
        if host == "*" {
            return Ok(Self::Every);
        }
        let (name, below) = host.strip_prefix("*.").map_or((host, false), |rest| (rest, true));
        if name.parse::<IpAddr>().is_ok() && !below {
            return Ok(Self::One(name.to_owned()));
        }
        if !is_host_name(name) {
            return Err("not a host name");
        }
        Ok(if below { Self::Below(name.to_owned()) } else { Self::One(name.to_owned()) })
    }

    fn cover(&self, host: &str) -> bool {
        match self {
            Self::Every => true,
            Self::One(name) => name == host,
            Self::Below(domain) => host
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        }
    }
}

/// The operator's grants.
#[derive(Clone, Debug, Default)]
pub struct Grants(Vec<Grant>);

impl From<Vec<Grant>> for Grants {
    fn from(grants: Vec<Grant>) -> Self {
        Self(grants)
    }
}

impl Grants {
    /// These and others.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        Self(self.0.iter().chain(&others.0).cloned().collect())
    }
}

/// Where one request wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    /// In lower case; an IPv6 address has no brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Why a request doesn't leave.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum Denial {
    /// The plugin didn't ask for it when it was configured: it breaks its contract.
    #[error("{0} is not among the endpoints that the plugin asked for")]
    NotAsked(Target),
    /// The operator didn't grant it.
    #[error("{0} is not granted; the operator can allow it in the configuration")]
    NotGranted(Target),
    /// It is granted, but leads into a private network.
    #[error("{0} leads to the private address {1}; the operator can allow that for this host")]
    Private(Target, IpAddr),
}

/// What one configured instance may reach.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    asked: Vec<(Scheme, Hosts, u16)>,
    grants: Grants,
}

impl Reach {
    /// What the plugin asked for, within what is granted.
    ///
    /// # Errors
    /// An endpoint that is no host.
    pub(crate) fn new(endpoints: &[Endpoint], grants: Grants) -> Result<Self, String> {
        let mut asked = Vec::with_capacity(endpoints.len());
        for Endpoint { scheme, host, port } in endpoints {
            match Hosts::parse(host) {
                Ok(Hosts::Every) => return Err("endpoint * asks for every host".into()),
                Ok(hosts) => asked.push((*scheme, hosts, port.unwrap_or(default_port(*scheme)))),
                Err(what) => return Err(format!("endpoint {:?} is {what}", cut(host, 100))),
            }
        }
        Ok(Self { asked, grants })
    }

    /// The first endpoint with an exact name that no grant covers, or with a private address that
    /// isn't granted: known before anything is sent.
    pub(crate) fn ungranted(&self) -> Option<Denial> {
        self.asked.iter().find_map(|(scheme, hosts, port)| {
            let Hosts::One(host) = hosts else { return None };
            let target = Target { scheme: *scheme, host: host.clone(), port: *port };
            let addresses = match self.check(&target) {
                Ok(addresses) => addresses,
                Err(denial) => return Some(denial),
            };
            let address = host.parse().ok().filter(|address| !addresses.admit(*address))?;
            Some(Denial::Private(target, address))
        })
    }

    /// Whether a request may go to `target`, and if so whether to private addresses.
    pub(crate) fn check(&self, target: &Target) -> Result<Addresses, Denial> {
        let asked = self.asked.iter().any(|(scheme, hosts, port)| {
            *scheme == target.scheme && *port == target.port && hosts.cover(&target.host)
        });
        if !asked {
            return Err(Denial::NotAsked(target.clone()));
        }
        let mut covering = self.grants.0.iter().filter(|grant| grant.covers(target)).peekable();
        if covering.peek().is_none() {
            return Err(Denial::NotGranted(target.clone()));
        }
        // `*` grants public hosts only, whatever its flag: private ones are granted by name.
        let private = covering.any(|grant| grant.allow_private && grant.hosts != Hosts::Every);
        Ok(if private { Addresses::Any } else { Addresses::Public })
    }
}

/// Which addresses a name may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addresses {
    Any,
    Public,
}

impl Addresses {
    /// Whether `address` is one of them.
    pub(crate) fn admit(self, address: IpAddr) -> bool {
        self == Self::Any || is_public(address)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Https => "https",
            Scheme::Http => "http",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// The scheme's own port.
pub(crate) const fn default_port(scheme: Scheme) -> u16 {
    match scheme {
        Scheme::Https => 443,
        Scheme::Http => 80,
    }
}

/// Whether the text is a host name in lower case: dotted labels of letters, digits, `-` and `_`.
pub(crate) fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(legal)
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    let port = |digits: &str| digits.parse::<u16>().map_err(|_| "the port is no number");
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("a bracket is missing")?;
        return match rest.strip_prefix(':') {
            Some(digits) => Ok((host, Some(port(digits)?))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("something follows the bracket"),
        };
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((text, None));
    }
    match text.rsplit_once(':') {
        Some((host, digits)) => Ok((host, Some(port(digits)?))),
        None => Ok((text, None)),
    }
}

/// Whether an address is reachable by everybody: no private, loopback or otherwise special one.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Azure's machines reach their own platform here, metadata and keys included.
const AZURE_PLATFORM: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// By the IANA registry of special-purpose addresses.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address == AZURE_PLATFORM
        || a >= 224
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

/// Global unicast only, and addresses that carry an IPv4 address judged by that one.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4() {
        return is_public_v4(v4);
    }
    let [a, b, c, d, e, f, g, h] = address.segments();
    let tail = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Ipv4Addr::new(a, b, c, d)
    };
    match a {
        // NAT64 and 6to4.
        0x64 if (b, c, d, e, f) == (0xff9b, 0, 0, 0, 0) => is_public_v4(tail(g, h)),
        0x2002 => is_public_v4(tail(b, c)),
        // Teredo, ORCHID and others; documentation.
        0x2001 => b >= 0x200 && b != 0xdb8,
        _ => (0x2000..0x4000).contains(&a) && a != 0x3fff,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[(&str, bool)]) -> Grants {
        let grant =
            |&(text, private): &(&str, bool)| text.parse::<Grant>().unwrap().with_private(private);
        lines.iter().map(grant).collect::<Vec<_>>().into()
    }

    fn target(host: &str, port: u16) -> Target {
        Target { scheme: Scheme::Https, host: host.into(), port }
    }

    fn endpoint(host: &str, port: Option<u16>) -> Endpoint {
        Endpoint { scheme: Scheme::Https, host: host.into(), port }
    }

    #[test]
    fn a_request_needs_both_the_asking_and_the_grant() {
        let asked = [endpoint("*.amazonaws.com", None), endpoint("minio", Some(9000))];
        let granted = grants(&[("*.amazonaws.com", false), ("minio:9000", true), ("other", false)]);
        let reach = Reach::new(&asked, granted).unwrap();
        let check = |host: &str, port| reach.check(&target(host, port));
        assert_eq!(check("b.s3.amazonaws.com", 443), Ok(Addresses::Public));
        assert_eq!(check("minio", 9000), Ok(Addresses::Any));
        for (host, port) in [("other", 443), ("amazonaws.com", 443), ("xamazonaws.com", 443)] {
            assert!(matches!(check(host, port), Err(Denial::NotAsked(_))), "{host}");
        }
        assert!(matches!(check("minio", 9001), Err(Denial::NotAsked(_))));
        let clear = Target { scheme: Scheme::Http, ..target("minio", 9000) };
        assert!(matches!(reach.check(&clear), Err(Denial::NotAsked(_))));

        let poor = Reach::new(&asked, grants(&[("minio:9001", true)])).unwrap();
        assert_eq!(poor.ungranted(), Some(Denial::NotGranted(target("minio", 9000))));
        assert!(matches!(poor.check(&target("minio", 9000)), Err(Denial::NotGranted(_))));
    }

    #[test]
    fn every_public_host_is_no_private_host() {
        let reach = Reach::new(&[endpoint("a.b", None)], grants(&[("*", true)])).unwrap();
        assert_eq!(reach.check(&target("a.b", 443)), Ok(Addresses::Public));
        let loopback = Reach::new(&[endpoint("127.0.0.1", None)], grants(&[("*", false)])).unwrap();
        assert!(matches!(loopback.ungranted(), Some(Denial::Private(..))));
        assert!(Reach::new(&[endpoint("*", None)], Grants::default()).is_err());
        for bad in ["", "a b", "EXAMPLE.com", "a/..", "http://a", "a:1"] {
            assert!(Reach::new(&[endpoint(bad, None)], Grants::default()).is_err(), "{bad}");
        }
    }

    #[test]
    fn private_addresses_are_known_in_every_disguise() {
        let private = "0.0.0.0 10.1.2.3 127.0.0.1 169.254.169.254 172.16.0.1 192.168.1.1 100.64.0.1 \
             198.18.0.1 224.0.0.1 255.255.255.255 192.0.2.1 ::1 :: fe80::1 fc00::1 ff02::1 \
             ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::7f00:1 64:ff9b::7f00:1 2002:7f00:1::1 2001:db8::1 2001::1 \
             ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b:1::1 fd00:ec2::254 fec0::1 100.100.100.200 \
             192.0.0.192 168.63.129.16";
        for address in private.split_whitespace() {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "52.216.0.1", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn grants_are_hosts_with_or_without_ports() {
        for good in ["a.example", "*.example.com:8443", "127.0.0.1:9000", "[::1]:80", "::1", "*"] {
            assert_eq!(good.parse::<Grant>().unwrap().to_string(), good);
        }
        for bad in ["", "http://a", "a:b", "a:99999", "a b", "*.*", "[::1", "[::1]x"] {
            assert!(bad.parse::<Grant>().is_err(), "{bad}");
        }
    }
}
