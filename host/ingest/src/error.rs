//! What can go wrong, one enum per operation.

use std::io;
use std::net::{IpAddr, SocketAddr};

use capstan_media::track::{RoomId, Uid};
use thiserror::Error;

/// Why ingest doesn't start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The socket can't be had.
    #[error("udp address {listen} cannot be bound")]
    Bind {
        /// The configured address.
        listen: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
    /// The port for publishers over TCP can't be had.
    #[error("tcp address {listen} for media cannot be bound")]
    BindTcp {
        /// The configured address.
        listen: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
    /// The thread or its event loop can't be had.
    #[error("the ingest thread cannot be started")]
    Thread(#[source] io::Error),
    /// Without a certificate there is no encryption.
    #[error("the certificate for encrypted media cannot be generated")]
    Certificate,
    /// Publishers can't be told where to send.
    #[error(
        "ingest listens on every address ({listen}) and announces none: set `announce` to the \
         addresses at which publishers reach this machine"
    )]
    NothingToAnnounce {
        /// The configured address.
        listen: SocketAddr,
    },
    /// Nobody can send to such an address.
    #[error("address {address} cannot be announced: it names no single machine")]
    UnusableAnnounce {
        /// The configured address.
        address: IpAddr,
    },
    /// The socket can't receive what is sent to the address.
    #[error("address {address} cannot be announced by a socket on {listen}: another IP version")]
    AnnounceFamily {
        /// The configured address.
        address: IpAddr,
        /// The configured socket.
        listen: SocketAddr,
    },
}

/// Why an offer gets no answer.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PublishError {
    /// It is longer than offers are.
    #[error("the offer has {bytes} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The configured limit.
        limit: usize,
    },
    /// It is no SDP, or no complete WebRTC offer.
    #[error("the offer is not usable: {reason}")]
    BadSdp {
        /// What is wrong.
        reason: String,
    },
    /// It sends nothing.
    #[error("the offer sends neither audio nor video")]
    NoMedia,
    /// None of its codecs is known here.
    #[error("none of the offered codecs ({}) is usable", offered.join(", "))]
    NoUsableCodec {
        /// Names of the codecs offered, as the offer writes them.
        offered: Vec<String>,
    },
    /// As many participants publish as are allowed.
    #[error("{limit} participants publish already, the most that are allowed")]
    ServerFull {
        /// The configured limit.
        limit: usize,
    },
    /// As many offers wait for their connection as are allowed, and none of them can make way.
    #[error("{waiting} offers wait for their connection, too many to take another one")]
    TooManyWaiting {
        /// How many.
        waiting: usize,
    },
    /// Secrets can't be made.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// Ingest has been shut down.
    #[error("ingest is stopped")]
    Stopped,
}

/// The session to delete isn't there: it never was, or it has ended.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("uid {uid} in room {room} has no such session")]
pub struct NoSuchSession {
    /// The room asked.
    pub room: RoomId,
    /// The participant asked.
    pub uid: Uid,
}

/// Why a session's ICE isn't changed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PatchError {
    /// It isn't there.
    #[error(transparent)]
    NoSession(#[from] NoSuchSession),
    /// The tag is of another ICE generation than the present one.
    #[error("the session's ICE is at {now}, not at {wanted}")]
    OtherGeneration {
        /// What the publisher goes by.
        wanted: String,
        /// The tag that holds.
        now: String,
    },
    /// It is no usable fragment of SDP.
    #[error("the fragment is not usable: {reason}")]
    BadFragment {
        /// What is wrong.
        reason: String,
    },
    /// Secrets can't be made.
    #[error("the system gives no random numbers")]
    NoRandomness,
}
