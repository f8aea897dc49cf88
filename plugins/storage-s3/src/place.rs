//! Where a bucket answers: transport, host, port, and the path before the key.

use crate::contract::{Endpoint, Scheme};
use crate::io::Transport;
use crate::sigv4::encode_path;

/// A bucket's address.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Place {
    pub(crate) transport: Transport,
    /// As the contract wants it: lower case, IPv6 without brackets.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// Empty, or `/bucket`.
    prefix: String,
}

/// How a bucket is named in an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Addressing {
    /// `host/bucket/key`
    Path,
    /// `bucket.host/key`
    Virtual,
}

/// A store's own address, before a bucket is named.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Store {
    transport: Transport,
    host: String,
    port: Option<u16>,
}

impl Store {
    /// Amazon's store of a region.
    pub(crate) fn amazon(region: &str) -> Self {
        let domain = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else if region.starts_with("eusc-") {
            "amazonaws.eu"
        } else {
            "amazonaws.com"
        };
        let host = format!("s3.{region}.{domain}");
        Self { transport: Transport::Https, host, port: None }
    }

    /// A store by its URL: `https://host[:port]`, `http://...`, or the bare host for HTTPS.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        let (transport, rest) = match url.split_once("://") {
            Some(("https", rest)) => (Transport::Https, rest),
            Some(("http", rest)) => (Transport::Http, rest),
            Some(_) => return Err("must begin with https:// or http://"),
            None => (Transport::Https, url),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err("must be a host and perhaps a port, without path, query or user");
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or("has a bracket that never closes")?;
                (host, port)
            }
            None => authority.find(':').map_or((authority, ""), |at| authority.split_at(at)),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some(digits) => Some(digits.parse().ok().filter(|port| *port != 0)),
            None => Some(None),
        };
        let port = match port {
            Some(None) => return Err("has a port that is no number from 1 to 65535"),
            Some(port) => port,
            None => None,
        };
        let usual = if transport == Transport::Https { 443 } else { 80 };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || host.len() > 253 || !host.bytes().all(fits) {
            return Err("has no host name or IP address");
        }
        let host = host.to_ascii_lowercase();
        Ok(Self { transport, host, port: port.filter(|port| *port != usual) })
    }

    /// The bucket's address in this store.
    pub(crate) fn bucket(&self, bucket: &str, addressing: Addressing) -> Place {
        let Self { transport, host, port } = self.clone();
        match addressing {
            Addressing::Path => {
                Place { transport, host, port, prefix: format!("/{}", encode_path(bucket)) }
            }
            Addressing::Virtual => {
                Place { transport, host: format!("{bucket}.{host}"), port, prefix: String::new() }
            }
        }
    }

    /// Whether a name below the host would be a host name too.
    pub(crate) fn has_name(&self) -> bool {
        let is_address = self.host.contains(':')
            || self.host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        !is_address && self.host.contains('.')
    }

    pub(crate) const fn is_secure(&self) -> bool {
        matches!(self.transport, Transport::Https)
    }
}

impl Place {
    /// The value of the `Host` header, as the host sends it and as it is signed.
    pub(crate) fn authority(&self) -> String {
        let name =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        self.port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"))
    }

    /// The object's path, encoded.
    pub(crate) fn path(&self, key: &str) -> String {
        format!("{}/{}", self.prefix, encode_path(key))
    }

    /// The object's address for people and players.
    pub(crate) fn url(&self, key: &str) -> String {
        let scheme = if self.transport == Transport::Https { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.path(key))
    }

    /// What must be granted.
    pub(crate) fn endpoint(&self) -> Endpoint {
        let scheme = match self.transport {
            Transport::Https => Scheme::Https,
            Transport::Http => Scheme::Http,
        };
        Endpoint { scheme, host: self.host.clone(), port: self.port }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_hosts_follow_the_partition() {
        for (region, host) in [
            ("eu-west-1", "b.s3.eu-west-1.amazonaws.com"),
            ("cn-north-1", "b.s3.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "b.s3.eusc-de-east-1.amazonaws.eu"),
        ] {
            let place = Store::amazon(region).bucket("b", Addressing::Virtual);
            assert_eq!((place.authority(), place.path("k/1")), (host.into(), "/k/1".into()));
        }
    }

    #[test]
    fn endpoints_of_other_stores_are_hosts_with_or_without_a_port() {
        let url = |endpoint, addressing| {
            Store::parse(endpoint).unwrap().bucket("rec", addressing).url("a b//c%.m4s")
        };
        for (endpoint, expected) in [
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000/rec/a%20b//c%25.m4s"),
            ("https://Storage.Example.com:443", "https://storage.example.com/rec/a%20b//c%25.m4s"),
            ("minio.internal:9000", "https://minio.internal:9000/rec/a%20b//c%25.m4s"),
            ("http://[::1]:9000", "http://[::1]:9000/rec/a%20b//c%25.m4s"),
        ] {
            assert_eq!(url(endpoint, Addressing::Path), expected);
        }
        let expected = "https://rec.oss.example.com/a%20b//c%25.m4s";
        assert_eq!(url("https://oss.example.com", Addressing::Virtual), expected);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "ftp://a.b",
            "https://",
            "https://a.b/c",
            "https://u@a.b",
            "https://a.b:0",
            "https://a.b:x",
            "https://a.b:70000",
            "http://[::1",
            "http://[::1]9",
            "https://a b",
        ] {
            assert!(Store::parse(bad).is_err(), "{bad}");
        }
    }
}
