//! Which address a publisher is sent to: that from which its newest proven packet came.
//!
//! A publisher's address changes without notice: a NAT forgets, a phone leaves the house. Its library
//! goes on sending; whatever was encrypted with the session's keys proves that it is the same one.
//! A publisher may also check several paths at once while it sends on one: there a check alone changes
//! nothing unless it nominates, or the path so far has fallen silent.

use std::time::Duration;

use capstan_media::time::RoomTime;

use crate::remote::Remote;

/// A path on which nothing came for so long gives way to any other on which a check comes.
const SILENT: Duration = Duration::from_secs(1);

/// What proves that a packet is the publisher's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Proof {
    /// A connectivity check with the session's password.
    Check,
    /// One by which the publisher says that it will send on this path.
    Nomination,
    /// Media or a report, decrypted.
    Media,
}

/// The path to one publisher.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Path {
    current: Option<(Remote, RoomTime)>,
}

impl Path {
    /// Where to send, once anything was proven.
    pub(crate) fn remote(&self) -> Option<Remote> {
        self.current.map(|(remote, _)| remote)
    }

    /// A packet was proven to be the publisher's. Answers whether the path is another one now.
    pub(crate) fn proven(&mut self, remote: Remote, proof: Proof, now: RoomTime) -> bool {
        match &mut self.current {
            Some((current, heard)) if *current == remote => {
                *heard = now;
                false
            }
            Some((_, heard)) if proof == Proof::Check && now.since(*heard) < SILENT => false,
            _ => {
                self.current = Some((remote, now));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(port: u16) -> Remote {
        Remote::udp(([192, 0, 2, 1], port).into())
    }

    const fn ms(millis: i64) -> RoomTime {
        RoomTime::from_millis(millis)
    }

    #[test]
    fn media_moves_the_path_at_once_and_back() {
        let mut path = Path::default();
        assert!(path.proven(remote(1), Proof::Check, ms(0)));
        assert!(!path.proven(remote(1), Proof::Media, ms(1)));
        assert!(path.proven(remote(2), Proof::Media, ms(2)));
        assert!(path.proven(remote(1), Proof::Media, ms(3)));
        assert_eq!(path.remote(), Some(remote(1)));
    }

    #[test]
    fn checks_of_other_paths_change_nothing_while_the_current_one_lives() {
        let mut path = Path::default();
        path.proven(remote(1), Proof::Check, ms(0));
        for at in 1..3_000 {
            path.proven(remote(1), Proof::Media, ms(at));
            assert!(!path.proven(remote(2), Proof::Check, ms(at)));
        }
        assert!(path.proven(remote(2), Proof::Check, ms(4_000)), "nothing came for a second");
        assert!(path.proven(remote(3), Proof::Nomination, ms(4_001)));
    }
}
