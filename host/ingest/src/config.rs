//! What an operator decides about ingest, and the limits that bound its memory.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::error::StartError;
use crate::sessions::Limits;

/// Settings of [`crate::Ingest`].
#[derive(Clone, Debug)]
pub struct IngestConfig {
    /// The one UDP address for all publishers. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The TCP address for publishers in networks that block UDP, if any. Port 0 lets the system choose.
    pub listen_tcp: Option<SocketAddr>,
    /// Addresses that answers tell publishers to send to, in order of preference. Empty means the
    /// listening address itself, which must then not be the unspecified one.
    pub announce: Vec<IpAddr>,
    /// Participants that may publish at the same time, over all rooms.
    pub max_publishers: usize,
    /// Answered offers that may wait for their connection at the same time, beside the publishers.
    pub max_waiting: usize,
    /// The same of those that came from one address. Many publishers may come through one proxy.
    pub max_waiting_per_address: usize,
    /// A publisher that sends nothing at all for so long is lost. Connectivity checks count as
    /// something, so a participant who merely mutes everything stays.
    pub silence_timeout: Duration,
    /// An answered offer that hasn't led to a connection after so long is forgotten.
    pub connect_timeout: Duration,
    /// A lost publisher whose packets come again, or whose uid publishes again, within this time
    /// keeps the time at which it joined.
    pub return_grace: Duration,
    /// A track without a frame for so long is muted.
    pub mute_after: Duration,
    /// Events that wait for one subscriber before more are dropped and counted.
    pub queue_events: usize,
    /// Bytes of frames that wait for one subscriber before more are dropped and counted.
    pub queue_bytes: usize,
    /// A larger frame is dropped as if it were lost.
    pub max_frame_bytes: usize,
    /// A larger offer is refused.
    pub max_offer_bytes: usize,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            listen_tcp: None,
            announce: Vec::new(),
            max_publishers: 100,
            max_waiting: 128,
            max_waiting_per_address: 64,
            // Half a second below the promised five, for the timers' sake.
            silence_timeout: Duration::from_millis(4_500),
            connect_timeout: Duration::from_secs(15),
            return_grace: Duration::from_secs(30),
            mute_after: Duration::from_secs(2),
            // Some ten seconds of nine participants (50 + 30 frames a second each).
            queue_events: 8_192,
            queue_bytes: 32 << 20,
            // More than a lossless 1080p key frame of any sane encoder.
            max_frame_bytes: 4 << 20,
            // A browser's offer with simulcast and every codec is some 10 KiB.
            max_offer_bytes: 64 << 10,
        }
    }
}

impl IngestConfig {
    pub(crate) const fn limits(&self) -> Limits {
        Limits {
            publishers: self.max_publishers,
            waiting: self.max_waiting,
            waiting_per_address: self.max_waiting_per_address,
        }
    }

    /// The addresses to announce once a socket is bound to `bound`.
    pub(crate) fn candidates(&self, bound: SocketAddr) -> Result<Vec<SocketAddr>, StartError> {
        if self.announce.is_empty() {
            if bound.ip().is_unspecified() {
                return Err(StartError::NothingToAnnounce { listen: self.listen });
            }
            return Ok(vec![bound]);
        }
        let candidate = |&address: &IpAddr| {
            if address.is_unspecified() || address.is_multicast() {
                return Err(StartError::UnusableAnnounce { address });
            }
            // An IPv6 socket bound to the unspecified address takes IPv4 as well.
            let dual = bound.is_ipv6() && bound.ip().is_unspecified();
            if address.is_ipv4() != bound.is_ipv4() && !dual {
                return Err(StartError::AnnounceFamily { address, listen: self.listen });
            }
            Ok(SocketAddr::new(address, bound.port()))
        };
        self.announce.iter().map(candidate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str, announce: &[&str]) -> IngestConfig {
        IngestConfig {
            listen: listen.parse().unwrap(),
            announce: announce.iter().map(|a| a.parse().unwrap()).collect(),
            ..IngestConfig::default()
        }
    }

    #[test]
    fn the_listening_address_is_announced_unless_it_is_unspecified() {
        let config = config("127.0.0.1:9000", &[]);
        assert_eq!(config.candidates(config.listen).unwrap(), vec![config.listen]);
        let open = self::config("0.0.0.0:9000", &[]);
        assert!(matches!(open.candidates(open.listen), Err(StartError::NothingToAnnounce { .. })));
    }

    #[test]
    fn announced_addresses_must_be_reachable_through_the_socket() {
        let unusable = config("0.0.0.0:9000", &["0.0.0.0"]);
        assert!(matches!(
            unusable.candidates(unusable.listen),
            Err(StartError::UnusableAnnounce { .. })
        ));
        let foreign = config("127.0.0.1:9000", &["::1"]);
        assert!(matches!(
            foreign.candidates(foreign.listen),
            Err(StartError::AnnounceFamily { .. })
        ));
        let dual = config("[::]:9000", &["192.0.2.7", "2001:db8::7"]);
        assert_eq!(dual.candidates(dual.listen).unwrap().len(), 2);
    }
}
