//! Which publisher a datagram belongs to: by the user name of a connectivity check, else by address.
//!
//! An address is learnt only from a check that the publisher's session has verified; so nobody can
//! draw another's packets to itself.

use std::collections::HashMap;
use std::net::SocketAddr;

use str0m::ice::StunMessage;

use crate::sessions::PeerId;

/// Addresses that one publisher may use at once: its interfaces and what NATs make of them.
const MAX_ADDRESSES: usize = 16;

/// The two ways to find a publisher.
#[derive(Debug, Default)]
pub(crate) struct Demux {
    by_ufrag: HashMap<String, PeerId>,
    by_address: HashMap<SocketAddr, PeerId>,
    addresses: HashMap<PeerId, Vec<SocketAddr>>,
}

impl Demux {
    /// Takes a publisher in.
    pub(crate) fn insert(&mut self, peer: PeerId, ufrag: String) {
        self.by_ufrag.insert(ufrag, peer);
    }

    /// Forgets a publisher.
    pub(crate) fn remove(&mut self, peer: PeerId, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
        for address in self.addresses.remove(&peer).unwrap_or_default() {
            if self.by_address.get(&address) == Some(&peer) {
                self.by_address.remove(&address);
            }
        }
    }

    /// Whose the datagram claims to be.
    pub(crate) fn route(&self, source: SocketAddr, datagram: &[u8]) -> Option<PeerId> {
        if let Some(ufrag) = check_ufrag(datagram) {
            return self.by_ufrag.get(ufrag).copied();
        }
        self.by_address.get(&source).copied()
    }

    /// The publisher has verified a check from this address.
    pub(crate) fn learn(&mut self, source: SocketAddr, peer: PeerId) {
        if self.by_address.get(&source) == Some(&peer) {
            return;
        }
        let addresses = self.addresses.entry(peer).or_default();
        if addresses.len() >= MAX_ADDRESSES {
            let oldest = addresses.remove(0);
            if self.by_address.get(&oldest) == Some(&peer) {
                self.by_address.remove(&oldest);
            }
        }
        addresses.push(source);
        self.by_address.insert(source, peer);
    }
}

/// Our half of the user name (RFC 8445, 7.2.2) if the datagram is a STUN message that has one.
fn check_ufrag(datagram: &[u8]) -> Option<&str> {
    // RFC 7983: STUN begins with a byte below 4; everything else here with one above 19.
    if datagram.first().is_none_or(|&first| first > 3) {
        return None;
    }
    let message = StunMessage::parse(datagram).ok()?;
    message.username()?.split(':').next()
}

#[cfg(test)]
mod tests {
    use str0m::ice::TransId;

    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn check(username: &str) -> Vec<u8> {
        let message = StunMessage::binding_request(username, TransId::new(), true, 1, 1, false);
        let mut buffer = vec![0; 200];
        let written = message.to_bytes(Some(b"pass"), &mut buffer, |_, _| [0; 20]).unwrap();
        buffer.truncate(written);
        buffer
    }

    #[test]
    fn checks_go_by_name_and_media_by_the_learnt_address() {
        let mut demux = Demux::default();
        demux.insert(PeerId(1), "aaaa".into());
        demux.insert(PeerId(2), "bbbb".into());
        let media = [0x80, 96, 0, 1];
        assert_eq!(demux.route(address(1), &check("bbbb:xyz")), Some(PeerId(2)));
        assert_eq!(demux.route(address(1), &media), None);
        demux.learn(address(1), PeerId(2));
        assert_eq!(demux.route(address(1), &media), Some(PeerId(2)));
        assert_eq!(demux.route(address(1), &check("cccc:xyz")), None);
        demux.remove(PeerId(2), "bbbb");
        assert_eq!(demux.route(address(1), &media), None);
        assert_eq!(demux.route(address(1), &check("bbbb:xyz")), None);
    }

    #[test]
    fn an_address_that_moved_to_a_newer_publisher_stays_there() {
        let mut demux = Demux::default();
        demux.learn(address(1), PeerId(1));
        demux.learn(address(1), PeerId(2));
        demux.remove(PeerId(1), "aaaa");
        assert_eq!(demux.route(address(1), &[0x80]), Some(PeerId(2)));
    }

    #[test]
    fn addresses_are_bounded() {
        let mut demux = Demux::default();
        (1..1_000).for_each(|port| demux.learn(address(port), PeerId(1)));
        assert_eq!(demux.by_address.len(), MAX_ADDRESSES);
        assert_eq!(demux.route(address(999), &[0x80]), Some(PeerId(1)));
    }
}
