//! Where a publisher's packets come from: a transport and an address.

use std::fmt;
use std::net::SocketAddr;

use str0m::net::Protocol;

/// How packets travel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Transport {
    Udp,
    /// Through a connection that the publisher made (RFC 6544).
    Tcp,
}

impl Transport {
    /// From the library's terms.
    pub(crate) const fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Udp => Self::Udp,
            Protocol::Tcp | Protocol::SslTcp | Protocol::Tls => Self::Tcp,
        }
    }

    /// In the library's terms.
    pub(crate) const fn protocol(self) -> Protocol {
        match self {
            Self::Udp => Protocol::Udp,
            Self::Tcp => Protocol::Tcp,
        }
    }
}

/// The far end of a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Remote {
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
}

impl Remote {
    pub(crate) const fn tcp(address: SocketAddr) -> Self {
        Self { transport: Transport::Tcp, address }
    }

    pub(crate) const fn udp(address: SocketAddr) -> Self {
        Self { transport: Transport::Udp, address }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.transport {
            Transport::Udp => write!(f, "udp {}", self.address),
            Transport::Tcp => write!(f, "tcp {}", self.address),
        }
    }
}

/// What a datagram is by its first byte (RFC 7983).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    /// A connectivity check or the answer to one.
    Stun,
    /// A part of the handshake, or a goodbye.
    Dtls,
    /// Media or reports about it.
    Rtp,
    /// Nothing that belongs here.
    Other,
}

impl Content {
    pub(crate) fn of(datagram: &[u8]) -> Self {
        match datagram.first() {
            Some(0..=3) => Self::Stun,
            Some(20..=63) => Self::Dtls,
            Some(128..=191) => Self::Rtp,
            _ => Self::Other,
        }
    }
}

/// The stream that a packet of [`Content::Rtp`] says that it is of, or that its report is from.
pub(crate) fn stream(packet: &[u8]) -> Option<u32> {
    // RFC 5761, 4: a second byte of 192 to 223 is RTCP, whose sender stands where RTP has its time.
    let place = if matches!(packet.get(1)?, 192..=223) { 4..8 } else { 8..12 };
    Some(u32::from_be_bytes(packet.get(place)?.try_into().ok()?))
}
