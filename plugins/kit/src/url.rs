//! Addresses that an operator writes, taken apart as the contract wants requests.

/// An `http` or `https` address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Url {
    /// Over TLS or in the clear.
    pub secure: bool,
    /// Host name in lower case, or IP address; IPv6 without brackets.
    pub host: String,
    /// The port, unless it is the scheme's own.
    pub port: Option<u16>,
    /// Path and query as written, beginning with `/`.
    pub target: String,
}

impl Url {
    /// Takes an address apart. Nothing in path and query is encoded or decoded.
    ///
    /// # Errors
    /// What is wrong, to be said of the member that held it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (secure, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err("must begin with https:// or http://"),
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("must be visible ASCII characters; encode others with %");
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if text.contains('#') || authority.contains('@') {
            return Err("must have no user, password or fragment");
        }
        let target = if target.starts_with('/') { target.into() } else { format!("/{target}") };
        let (host, port) = host_and_port(authority)?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || host.len() > 253 || !host.bytes().all(fits) {
            return Err("has no host name or IP address");
        }
        let usual = if secure { 443 } else { 80 };
        let (host, port) = (host.to_ascii_lowercase(), port.filter(|port| *port != usual));
        Ok(Self { secure, host, port, target })
    }
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("has a bracket that never closes")?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    let number = port.strip_prefix(':').and_then(|digits| digits.parse().ok());
    match number.filter(|port| *port != 0) {
        Some(port) => Ok((host, Some(port))),
        None => Err("has a port that is no number from 1 to 65535"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_nothing_is_encoded() {
        let parts = |text| {
            let Url { secure, host, port, target } = Url::parse(text).unwrap();
            (secure, host, port, target)
        };
        let expected = (true, "hooks.example.com".into(), Some(8443), "/a%2Fb//c?d=e&f".into());
        assert_eq!(parts("https://Hooks.Example.com:8443/a%2Fb//c?d=e&f"), expected);
        assert_eq!(parts("http://[::1]:80"), (false, "::1".into(), None, "/".into()));
        assert_eq!(parts("http://a?b"), (false, "a".into(), None, "/?b".into()));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "a.b",
            "ftp://a.b",
            "HTTPS//a",
            "https://",
            "https:///path",
            "https://u@a.b",
            "https://a.b/#c",
            "https://a.b:0",
            "https://a.b:x",
            "https://a.b:70000",
            "http://[::1",
            "http://[::1]9",
            "https://a b",
            "https://a/é",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn strangers_addresses_are_taken_or_refused(text in "(https?://)?[a-z:/?@#\\[\\]0-9.é ]{0,40}") {
            if let Ok(url) = Url::parse(&text) {
                assert!(url.target.starts_with('/') && !url.host.is_empty());
            }
        }
    }
}
