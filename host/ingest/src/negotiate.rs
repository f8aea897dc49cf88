//! From an offer to the WebRTC library's session and its part of the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use capstan_media::track::{RoomId, Uid};
use metrics::counter;
use str0m::change::SdpOffer;
use str0m::config::DtlsCert;
use str0m::net::TcpType;
use str0m::{Candidate, IceCreds, Rtc, RtcConfig};

use crate::config::IngestConfig;
use crate::error::{PublishError, StartError};
use crate::remote::{Remote, Transport};
use crate::time::Anchor;

/// What accepting an offer needs.
pub(crate) struct PeerSetup<'a> {
    pub(crate) room: RoomId,
    pub(crate) uid: Uid,
    pub(crate) candidates: &'a [Remote],
    pub(crate) certificate: DtlsCert,
    pub(crate) config: &'a IngestConfig,
    pub(crate) anchor: Anchor,
}

/// Runs what a stranger's bytes may break; `None` if it panicked.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    if done.is_none() {
        counter!("capstan_contained_panics_total").increment(1);
    }
    done
}

/// The process's certificate, and with it the library's cryptography.
pub(crate) fn certificate() -> Result<DtlsCert, StartError> {
    let provider = str0m::crypto::from_feature_flags();
    let certificate = provider.dtls_provider.generate_certificate();
    provider.install_process_default();
    certificate.ok_or(StartError::Certificate)
}

/// Credentials of ours for one ICE generation.
pub(crate) fn credentials() -> Result<IceCreds, PublishError> {
    let ufrag = random_hex()?.chars().take(16).collect();
    Ok(IceCreds { ufrag, pass: random_hex()? })
}

/// 128 random bits in hexadecimal.
pub(crate) fn random_hex() -> Result<String, PublishError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| PublishError::NoRandomness)?;
    Ok(hex::encode(bytes))
}

/// A session for an offer that has only what can be taken, and the answer to it.
pub(crate) fn negotiate(
    setup: &PeerSetup<'_>,
    offer: &str,
    credentials: IceCreds,
    start: Instant,
) -> Result<(Rtc, String), PublishError> {
    let bad = |reason: String| PublishError::BadSdp { reason };
    let parsed = SdpOffer::from_sdp_string(offer).map_err(|e| bad(cut(&e.to_string())))?;
    let mut rtc = RtcConfig::new()
        .clear_codecs()
        // With redundancy (RFC 2198) where it is offered: what is lost alone comes again in the next packet.
        .enable_opus(true, true)
        .enable_vp8(true)
        .enable_vp9(true)
        .enable_h264(true)
        .enable_av1(true)
        .set_ice_lite(true)
        // They show which packets were genuine.
        .enable_raw_packets(true)
        .set_local_ice_credentials(credentials)
        .set_dtls_cert(setup.certificate.clone())
        // Sound packets come as they arrive: the playout sorts them, and has more time for it.
        .set_reordering_size_audio(0)
        .build(start);
    for &Remote { transport, address } in setup.candidates {
        let candidate = match transport {
            Transport::Udp => Candidate::builder().udp().host(address).build(),
            Transport::Tcp => {
                Candidate::builder().tcp().host(address).tcptype(TcpType::Passive).build()
            }
        };
        rtc.add_local_candidate(candidate.map_err(|e| bad(e.to_string()))?);
    }
    let answer = rtc.sdp_api().accept_offer(parsed).map_err(|e| bad(cut(&e.to_string())))?;
    Ok((rtc, answer.to_sdp_string()))
}

/// A library message may repeat the whole offer, and names places in it by their address.
fn cut(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(start) = text.find(" at PointerOffset(")
        && let Some(length) = text.get(start..).and_then(|rest| rest.find(')'))
    {
        text.replace_range(start..=start + length, ": ");
    }
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
