//! Where a bucket answers: transport, host, port, and the path before the key.

use capstan_kit::url::Url;

use crate::contract::{Endpoint, Scheme};
use crate::encode::encode_path;
use crate::io::Transport;

/// A bucket's address.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    /// Over TLS or in the clear.
    pub transport: Transport,
    /// As the contract wants it: lower case, IPv6 without brackets.
    pub host: String,
    /// The port, unless it is the transport's own.
    pub port: Option<u16>,
    /// Empty, or `/bucket`.
    prefix: String,
}

/// How a bucket is named in an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Addressing {
    /// `host/bucket/key`
    Path,
    /// `bucket.host/key`
    Virtual,
    /// `host/key`: the host is the bucket's own.
    Domain,
}

/// A store's own address, before a bucket is named.
#[derive(Clone, PartialEq, Debug)]
pub struct Store {
    transport: Transport,
    host: String,
    port: Option<u16>,
}

impl Store {
    /// A vendor's own store, over TLS.
    #[must_use]
    pub const fn secure(host: String) -> Self {
        Self { transport: Transport::Https, host, port: None }
    }

    /// A store by its URL: `https://host[:port]`, `http://...`, or the bare host for HTTPS.
    ///
    /// # Errors
    /// What is wrong, to be said of the member that held it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let secure = || Url::parse(&format!("https://{text}"));
        let url = if text.contains("://") { Url::parse(text) } else { secure() }?;
        if url.target != "/" {
            return Err("must have no path: the bucket and the key make it");
        }
        let transport = if url.secure { Transport::Https } else { Transport::Http };
        Ok(Self { transport, host: url.host, port: url.port })
    }

    /// The bucket's address in this store.
    #[must_use]
    pub fn bucket(&self, bucket: &str, addressing: Addressing) -> Place {
        let Self { transport, host, port } = self.clone();
        let (host, prefix) = match addressing {
            Addressing::Path => (host, format!("/{}", encode_path(bucket))),
            Addressing::Virtual => (format!("{bucket}.{host}"), String::new()),
            Addressing::Domain => (host, String::new()),
        };
        Place { transport, host, port, prefix }
    }

    /// Whether it is an address or a single label, below which there are no names.
    #[must_use]
    pub fn is_nameless(&self) -> bool {
        let is_address = self.host.contains(':')
            || self.host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        is_address || !self.host.contains('.')
    }

    /// Whether it lies in a domain.
    #[must_use]
    pub fn is_in(&self, domain: &str) -> bool {
        self.host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        matches!(self.transport, Transport::Https)
    }
}

impl Place {
    /// The value of the `Host` header, as the host sends it and as it is signed.
    #[must_use]
    pub fn authority(&self) -> String {
        let name =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        self.port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"))
    }

    /// The object's path on the wire.
    #[must_use]
    pub fn path(&self, encoded_key: &str) -> String {
        format!("{}/{encoded_key}", self.prefix)
    }

    /// The object's address for people and players.
    #[must_use]
    pub fn url(&self, encoded_key: &str) -> String {
        let scheme = if self.transport == Transport::Https { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.path(encoded_key))
    }

    /// What must be granted.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
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
    fn a_bucket_is_named_in_the_path_or_in_the_host_or_not_at_all() {
        let url = |endpoint, addressing| {
            Store::parse(endpoint).unwrap().bucket("rec", addressing).url("a%20b//c%25.m4s")
        };
        for (endpoint, addressing, expected) in [
            (
                "http://127.0.0.1:9000/",
                Addressing::Path,
                "http://127.0.0.1:9000/rec/a%20b//c%25.m4s",
            ),
            (
                "https://Oss.Example.com:443",
                Addressing::Path,
                "https://oss.example.com/rec/a%20b//c%25.m4s",
            ),
            (
                "minio.internal:9000",
                Addressing::Path,
                "https://minio.internal:9000/rec/a%20b//c%25.m4s",
            ),
            ("http://[::1]:9000", Addressing::Path, "http://[::1]:9000/rec/a%20b//c%25.m4s"),
            ("oss.example.com", Addressing::Virtual, "https://rec.oss.example.com/a%20b//c%25.m4s"),
            ("media.example.com", Addressing::Domain, "https://media.example.com/a%20b//c%25.m4s"),
        ] {
            assert_eq!(url(endpoint, addressing), expected);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in ["", "ftp://a.b", "https://a.b/c", "https://a.b?c", "https://u@a.b", "a b"] {
            assert!(Store::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn domains_are_whole_labels() {
        let store = Store::secure("oss-cn-hangzhou.aliyuncs.com".into());
        assert!(store.is_in("aliyuncs.com") && !store.is_in("yuncs.com") && !store.is_nameless());
        assert!(Store::parse("http://[::1]").unwrap().is_nameless());
        assert!(Store::parse("http://localhost:80").unwrap().is_nameless());
    }
}
