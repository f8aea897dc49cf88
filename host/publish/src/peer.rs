//! One peer connection that only sends: its set-up, its state, and the receiver's wishes.
//!
//! The only file, with `rtp.rs` and `rtx.rs`, that knows the WebRTC library.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use capstan_media::codec::Codec;
use thiserror::Error;
use tokio::sync::watch;
use webrtc::api::APIBuilder;
use webrtc::api::interceptor_registry::configure_twcc_sender_only;
use webrtc::api::media_engine::{
    MIME_TYPE_AV1, MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_VP8, MIME_TYPE_VP9, MediaEngine,
};
use webrtc::api::setting_engine::SettingEngine;
use webrtc::ice::mdns::MulticastDnsMode;
use webrtc::interceptor::registry::Registry;
use webrtc::peer_connection::RTCPeerConnection;
use webrtc::peer_connection::configuration::RTCConfiguration;
use webrtc::peer_connection::peer_connection_state::RTCPeerConnectionState;
use webrtc::peer_connection::sdp::session_description::RTCSessionDescription;
use webrtc::rtcp::goodbye::Goodbye;
use webrtc::rtcp::packet::Packet as RtcpPacket;
use webrtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use webrtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use webrtc::rtcp::sender_report::SenderReport;
use webrtc::rtp_transceiver::rtp_codec::{
    RTCRtpCodecCapability, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RTPCodecType,
};
use webrtc::rtp_transceiver::rtp_sender::RTCRtpSender;
use webrtc::rtp_transceiver::rtp_transceiver_direction::RTCRtpTransceiverDirection;
use webrtc::rtp_transceiver::{RTCPFeedback, RTCRtpTransceiverInit};
use webrtc::sdp::extmap::SDES_MID_URI;
use webrtc::track::track_local::TrackLocal;
use webrtc::track::track_local::track_local_static_rtp::TrackLocalStaticRTP;

use crate::rtp::RtpStream;
use crate::rtx::RtxBuilder;

/// Says how a picture is to be turned (3GPP TS 26.114, 7.4.5).
const VIDEO_ORIENTATION_URI: &str = "urn:3gpp:video-orientation";
/// How long the addresses of this machine may take to be found.
const GATHERING: Duration = Duration::from_secs(5);
/// Without a packet from the server for this long, the connection counts as disturbed ...
const DISCONNECTED: Duration = Duration::from_secs(5);
/// ... and this much later as lost.
const FAILED: Duration = Duration::from_secs(10);
/// How often the connection is probed.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// Why a peer connection can't be had or kept.
#[derive(Debug, Error)]
pub enum PeerError {
    /// The library refused something.
    #[error("{doing}: {source}")]
    Library {
        /// What was being done.
        doing: &'static str,
        /// What the library said.
        source: webrtc::Error,
    },
    /// No address to offer was found in time.
    #[error("this machine's addresses were not found within {} s", GATHERING.as_secs())]
    Gathering,
    /// The server won't take a track.
    #[error("the server accepts no {codec} from this offer")]
    Rejected {
        /// The track's codec.
        codec: Codec,
    },
    /// No connection came about in time.
    #[error(
        "no connection within {} s: is the server's UDP port reachable from here?",
        .within.as_secs()
    )]
    Connecting {
        /// How long was waited.
        within: Duration,
    },
    /// The connection broke.
    #[error("the connection to the server is lost")]
    Lost,
}

fn library(doing: &'static str) -> impl Fn(webrtc::Error) -> PeerError {
    move |source| PeerError::Library { doing, source }
}

/// How a track is encoded, and what the offer says of it beside the usual.
#[derive(Clone, Debug)]
pub(crate) struct Encoding {
    pub(crate) codec: Codec,
    pub(crate) parameters: Option<String>,
}

/// What the receiver asks of a track.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    key_frame: AtomicBool,
    key_frames_asked: AtomicU64,
}

impl Wishes {
    /// Whether a key frame was asked for since the last call.
    pub(crate) fn take_key_frame(&self) -> bool {
        self.key_frame.swap(false, Ordering::Relaxed)
    }

    /// How often one was asked for.
    pub(crate) fn key_frames_asked(&self) -> u64 {
        self.key_frames_asked.load(Ordering::Relaxed)
    }
}

/// A track of a peer, ready to send.
pub(crate) struct PeerTrack {
    pub(crate) ssrc: u32,
    pub(crate) codec: Codec,
    pub(crate) stream: RtpStream,
    pub(crate) wishes: Arc<Wishes>,
}

/// A peer connection with its tracks not yet taken.
pub(crate) struct Peer {
    connection: Arc<RTCPeerConnection>,
    state: watch::Receiver<RTCPeerConnectionState>,
    pub(crate) tracks: Vec<PeerTrack>,
}

impl Peer {
    /// A peer that sends one track of each of these encodings.
    pub(crate) async fn new(encodings: &[Encoding]) -> Result<Self, PeerError> {
        // The library's DTLS takes the process's provider and can't be given one. An error means
        // that the program chose one already, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let connection = connection(encodings).await.map_err(library("setting up WebRTC"))?;
        let connection = Arc::new(connection);
        let (sender, state) = watch::channel(RTCPeerConnectionState::New);
        connection.on_peer_connection_state_change(Box::new(move |state| {
            tracing::debug!(%state, "connection state");
            sender.send_replace(state);
            Box::pin(async {})
        }));
        let mut peer = Self { connection, state, tracks: Vec::new() };
        for encoding in encodings {
            let track = peer.track(encoding).await.map_err(library("adding a track"))?;
            peer.tracks.push(track);
        }
        Ok(peer)
    }

    async fn track(&self, encoding: &Encoding) -> Result<PeerTrack, webrtc::Error> {
        let codec = encoding.codec;
        let track = Arc::new(TrackLocalStaticRTP::new(
            capability(encoding),
            if codec.is_video() { "picture" } else { "sound" }.to_owned(),
            "capstan".to_owned(),
        ));
        let init = RTCRtpTransceiverInit {
            direction: RTCRtpTransceiverDirection::Sendonly,
            send_encodings: Vec::new(),
        };
        let local: Arc<dyn TrackLocal + Send + Sync> = Arc::clone(&track) as _;
        let transceiver = self.connection.add_transceiver_from_track(local, Some(init)).await?;
        let sender = transceiver.sender().await;
        let ssrc = sender.get_parameters().await.encodings.first().map_or(0, |first| first.ssrc);
        let wishes = Arc::new(Wishes::default());
        // Reading also drives the interceptors: without it no NACK would be answered.
        tokio::spawn(listen(sender, Arc::clone(&wishes)));
        let stream = RtpStream::new(track, codec, ssrc)?;
        Ok(PeerTrack { ssrc, codec, stream, wishes })
    }

    /// The offer, with all of this machine's addresses in it.
    pub(crate) async fn offer(&self) -> Result<String, PeerError> {
        let doing = library("making the offer");
        let offer = self.connection.create_offer(None).await.map_err(&doing)?;
        let mut gathered = self.connection.gathering_complete_promise().await;
        self.connection.set_local_description(offer).await.map_err(&doing)?;
        if tokio::time::timeout(GATHERING, gathered.recv()).await.is_err() {
            return Err(PeerError::Gathering);
        }
        let description = self.connection.local_description().await;
        description.map(|offer| offer.sdp).ok_or(PeerError::Gathering)
    }

    /// Applies the answer and waits for the connection.
    pub(crate) async fn accept(
        &mut self,
        answer: String,
        within: Duration,
    ) -> Result<(), PeerError> {
        let doing = library("applying the server's answer");
        for (track, line) in
            self.tracks.iter().zip(answer.lines().filter(|line| line.starts_with("m=")))
        {
            if line.split(' ').nth(1) == Some("0") {
                return Err(PeerError::Rejected { codec: track.codec });
            }
        }
        let answer = RTCSessionDescription::answer(answer).map_err(&doing)?;
        self.connection.set_remote_description(answer).await.map_err(&doing)?;
        let connected = self.state.wait_for(|state| {
            matches!(
                state,
                RTCPeerConnectionState::Connected
                    | RTCPeerConnectionState::Failed
                    | RTCPeerConnectionState::Closed
            )
        });
        match tokio::time::timeout(within, connected).await {
            Ok(Ok(state)) if *state == RTCPeerConnectionState::Connected => Ok(()),
            Ok(_) => Err(PeerError::Lost),
            Err(_) => Err(PeerError::Connecting { within }),
        }
    }

    /// A handle for what is done while tracks send.
    pub(crate) fn link(&self) -> Link {
        Link { connection: Arc::clone(&self.connection), state: self.state.clone() }
    }
}

/// A connected peer's control side.
#[derive(Clone)]
pub(crate) struct Link {
    connection: Arc<RTCPeerConnection>,
    state: watch::Receiver<RTCPeerConnectionState>,
}

impl Link {
    /// Returns when the connection is lost for good.
    pub(crate) async fn lost(&mut self) {
        let _ = self
            .state
            .wait_for(|state| {
                matches!(state, RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed)
            })
            .await;
    }

    pub(crate) async fn report(&self, report: SenderReport) {
        self.send(Box::new(report)).await;
    }

    /// Says that a stream sends nothing more for now (RFC 3550, 6.6).
    pub(crate) async fn goodbye(&self, ssrc: u32) {
        self.send(Box::new(Goodbye { sources: vec![ssrc], ..Goodbye::default() })).await;
    }

    async fn send(&self, packet: Box<dyn RtcpPacket + Send + Sync>) {
        if let Err(error) = self.connection.write_rtcp(&[packet]).await {
            tracing::debug!(%error, "an RTCP packet was not sent");
        }
    }

    pub(crate) async fn close(&self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "closing the connection");
        }
    }
}

async fn listen(sender: Arc<RTCRtpSender>, wishes: Arc<Wishes>) {
    while let Ok((packets, _)) = sender.read_rtcp().await {
        let asked = packets.iter().any(|packet| {
            let packet = packet.as_any();
            packet.is::<PictureLossIndication>() || packet.is::<FullIntraRequest>()
        });
        if asked {
            wishes.key_frames_asked.fetch_add(1, Ordering::Relaxed);
            wishes.key_frame.store(true, Ordering::Relaxed);
        }
    }
}

async fn connection(encodings: &[Encoding]) -> Result<RTCPeerConnection, webrtc::Error> {
    let mut media = MediaEngine::default();
    for encoding in encodings {
        register(&mut media, encoding)?;
    }
    for kind in [RTPCodecType::Audio, RTPCodecType::Video] {
        let mid = RTCRtpHeaderExtensionCapability { uri: SDES_MID_URI.to_owned() };
        media.register_header_extension(mid, kind, None)?;
    }
    let turned = RTCRtpHeaderExtensionCapability { uri: VIDEO_ORIENTATION_URI.to_owned() };
    media.register_header_extension(turned, RTPCodecType::Video, None)?;
    // The transport-wide numbering comes first, so that it is nearest to the network and numbers
    // retransmissions anew. Sender reports are the publisher's own: it knows the exact time.
    let mut registry = configure_twcc_sender_only(Registry::new(), &mut media)?;
    registry.add(Box::new(RtxBuilder));
    let mut settings = SettingEngine::default();
    settings.set_ice_multicast_dns_mode(MulticastDnsMode::Disabled);
    settings.set_include_loopback_candidate(true);
    // A link-local address can't be bound without its interface, which the library doesn't tell.
    settings.set_ip_filter(Box::new(|address| match address {
        IpAddr::V4(address) => !address.is_link_local(),
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    }));
    settings.set_ice_timeouts(Some(DISCONNECTED), Some(FAILED), Some(KEEP_ALIVE));
    settings.enable_sender_rtx(true);
    APIBuilder::new()
        .with_media_engine(media)
        .with_interceptor_registry(registry)
        .with_setting_engine(settings)
        .build()
        .new_peer_connection(RTCConfiguration::default())
        .await
}

fn register(media: &mut MediaEngine, encoding: &Encoding) -> Result<(), webrtc::Error> {
    let codec = encoding.codec;
    if !codec.is_video() {
        return media.register_codec(parameters(capability(encoding), 111), RTPCodecType::Audio);
    }
    media.register_codec(parameters(capability(encoding), 96), RTPCodecType::Video)?;
    let retransmission = RTCRtpCodecCapability {
        mime_type: "video/rtx".to_owned(),
        clock_rate: codec.clock_rate(),
        sdp_fmtp_line: "apt=96".to_owned(),
        ..RTCRtpCodecCapability::default()
    };
    media.register_codec(parameters(retransmission, 97), RTPCodecType::Video)
}

fn parameters(capability: RTCRtpCodecCapability, payload_type: u8) -> RTCRtpCodecParameters {
    RTCRtpCodecParameters { capability, payload_type, ..RTCRtpCodecParameters::default() }
}

fn capability(encoding: &Encoding) -> RTCRtpCodecCapability {
    let codec = encoding.codec;
    let (mime_type, channels, usual) = match codec {
        Codec::Opus => (MIME_TYPE_OPUS, 2, "minptime=10;useinbandfec=1"),
        Codec::Vp8 => (MIME_TYPE_VP8, 0, ""),
        Codec::Vp9 => (MIME_TYPE_VP9, 0, "profile-id=0"),
        // Constrained Baseline at level 3.1, several NAL units a packet allowed (RFC 6184, 8.1).
        Codec::H264 => {
            let parameters =
                "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
            (MIME_TYPE_H264, 0, parameters)
        }
        Codec::Av1 => (MIME_TYPE_AV1, 0, "level-idx=5;profile=0;tier=0"),
    };
    let feedback = |typ: &str, parameter: &str| RTCPFeedback {
        typ: typ.to_owned(),
        parameter: parameter.to_owned(),
    };
    let rtcp_feedback = if codec.is_video() {
        vec![
            feedback("ccm", "fir"),
            feedback("nack", ""),
            feedback("nack", "pli"),
            feedback("transport-cc", ""),
        ]
    } else {
        vec![feedback("transport-cc", "")]
    };
    RTCRtpCodecCapability {
        mime_type: mime_type.to_owned(),
        clock_rate: codec.clock_rate(),
        channels,
        sdp_fmtp_line: encoding.parameters.clone().unwrap_or_else(|| usual.to_owned()),
        rtcp_feedback,
    }
}
