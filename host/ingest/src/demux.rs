//! Which publisher a datagram belongs to: by the user name of a connectivity check, else by address,
//! else by the stream that it says it is of, since an address may change at any time.
//!
//! Addresses and streams are learnt only from what the publisher's session has proven to be its own; so
//! nobody can draw another's packets to itself.

use std::collections::HashMap;
use std::hash::Hash;

use str0m::ice::StunMessage;

use crate::remote::{Content, Remote, stream};
use crate::sessions::PeerId;

/// Addresses that one publisher may use at once: its interfaces and what NATs make of them.
const MAX_ADDRESSES: usize = 16;
/// Streams of one publisher: of each track its layers, what repairs them, and some that were replaced.
const MAX_STREAMS: usize = 64;

/// The ways to find a publisher.
#[derive(Debug, Default)]
pub(crate) struct Demux {
    by_ufrag: HashMap<String, PeerId>,
    by_remote: HashMap<Remote, PeerId>,
    by_stream: HashMap<u32, PeerId>,
    known: HashMap<PeerId, Known>,
}

/// How one publisher can be found.
#[derive(Debug, Default)]
struct Known {
    remotes: Vec<Remote>,
    streams: Vec<u32>,
}

impl Demux {
    /// Takes a publisher in.
    pub(crate) fn insert(&mut self, peer: PeerId, ufrag: String) {
        self.by_ufrag.insert(ufrag, peer);
    }

    /// Goes by another name for a publisher.
    pub(crate) fn rename(&mut self, peer: PeerId, old: &str, new: String) {
        self.by_ufrag.remove(old);
        self.by_ufrag.insert(new, peer);
    }

    /// Forgets a publisher.
    pub(crate) fn remove(&mut self, peer: PeerId, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
        let known = self.known.remove(&peer).unwrap_or_default();
        for remote in known.remotes {
            remove_of(&mut self.by_remote, remote, peer);
        }
        for stream in known.streams {
            remove_of(&mut self.by_stream, stream, peer);
        }
    }

    /// Whose the datagram claims to be.
    pub(crate) fn route(&self, remote: Remote, datagram: &[u8]) -> Option<PeerId> {
        let content = Content::of(datagram);
        if content == Content::Stun
            && let Some(ufrag) = check_ufrag(datagram)
        {
            return self.by_ufrag.get(&ufrag).copied();
        }
        let by_stream = || match content {
            Content::Rtp => self.by_stream.get(&stream(datagram)?).copied(),
            _ => None,
        };
        self.by_remote.get(&remote).copied().or_else(by_stream)
    }

    /// The publisher has proven that it sends from this address.
    pub(crate) fn learn(&mut self, remote: Remote, peer: PeerId) {
        if self.by_remote.get(&remote) == Some(&peer) {
            return;
        }
        let remotes = &mut self.known.entry(peer).or_default().remotes;
        if remotes.len() >= MAX_ADDRESSES {
            remove_of(&mut self.by_remote, remotes.remove(0), peer);
        }
        remotes.push(remote);
        self.by_remote.insert(remote, peer);
    }

    /// The publisher has proven that it sends this stream. Of two with the same the first is found.
    pub(crate) fn learn_stream(&mut self, stream: u32, peer: PeerId) {
        if self.by_stream.contains_key(&stream) {
            return;
        }
        let streams = &mut self.known.entry(peer).or_default().streams;
        if streams.len() >= MAX_STREAMS {
            remove_of(&mut self.by_stream, streams.remove(0), peer);
        }
        streams.push(stream);
        self.by_stream.insert(stream, peer);
    }
}

fn remove_of<K: Hash + Eq>(map: &mut HashMap<K, PeerId>, key: K, peer: PeerId) {
    if map.get(&key) == Some(&peer) {
        map.remove(&key);
    }
}

/// Our half of the user name (RFC 8445, 7.2.2) if the message has one.
fn check_ufrag(datagram: &[u8]) -> Option<String> {
    let message = StunMessage::parse(datagram).ok()?;
    Some(message.username()?.split(':').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use str0m::ice::TransId;

    use super::*;

    fn address(port: u16) -> Remote {
        Remote::udp(([127, 0, 0, 1], port).into())
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
        assert_eq!(demux.by_remote.len(), MAX_ADDRESSES);
        assert_eq!(demux.route(address(999), &[0x80]), Some(PeerId(1)));
    }

    #[test]
    fn media_from_a_new_address_is_found_by_its_stream() {
        let mut demux = Demux::default();
        demux.learn_stream(0x0102_0304, PeerId(1));
        demux.learn_stream(0x0102_0304, PeerId(2));
        let rtp = [0x80, 96, 0, 1, 9, 9, 9, 9, 1, 2, 3, 4];
        let rtcp = [0x80, 200, 0, 1, 1, 2, 3, 4];
        assert_eq!(demux.route(address(5), &rtp), Some(PeerId(1)));
        assert_eq!(demux.route(address(5), &rtcp), Some(PeerId(1)));
        demux.learn(address(5), PeerId(2));
        assert_eq!(demux.route(address(5), &rtp), Some(PeerId(2)), "the address counts for more");
        demux.remove(PeerId(1), "");
        assert_eq!(demux.route(address(6), &rtp), None);
    }
}
