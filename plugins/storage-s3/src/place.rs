//! Where a bucket answers: transport, host, port, and the path before the key.

use capstan_kit::url::Url;

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
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = if text.contains("://") { Url::parse(text) } else { secure(text) }?;
        if url.target != "/" {
            return Err("must have no path: the bucket and the key make it");
        }
        let transport = if url.secure { Transport::Https } else { Transport::Http };
        Ok(Self { transport, host: url.host, port: url.port })
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

fn secure(host: &str) -> Result<Url, &'static str> {
    Url::parse(&format!("https://{host}"))
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
        for bad in ["", "ftp://a.b", "https://a.b/c", "https://a.b?c", "https://u@a.b", "a b"] {
            assert!(Store::parse(bad).is_err(), "{bad}");
        }
    }
}
