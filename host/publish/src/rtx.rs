//! Answers NACKs with retransmissions in a stream of their own (RFC 4588).
//!
//! The library announces such streams but repeats packets in the original one. A receiver that
//! negotiated retransmission streams is entitled to them: its statistics and its congestion control
//! tell a repetition from a late packet by them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{BufMut, BytesMut};
use webrtc::interceptor::stream_info::{RTCPFeedback, StreamInfo};
use webrtc::interceptor::{
    Attributes, Error, Interceptor, InterceptorBuilder, RTCPReader, RTCPWriter, RTPReader,
    RTPWriter,
};
use webrtc::rtcp::packet::Packet as RtcpPacket;
use webrtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use webrtc::rtp::packet::Packet;

/// Packets kept for repetition: some seconds of one stream at the bitrates that are published.
const KEPT: usize = 1_024;

type Writer = Arc<dyn RTPWriter + Send + Sync>;

/// Makes an [`RtxResponder`] per connection.
pub(crate) struct RtxBuilder;

impl InterceptorBuilder for RtxBuilder {
    fn build(&self, _: &str) -> Result<Arc<dyn Interceptor + Send + Sync>, Error> {
        Ok(Arc::new(RtxResponder::default()))
    }
}

/// The interceptor.
#[derive(Default)]
struct RtxResponder {
    streams: Arc<Mutex<HashMap<u32, Arc<Stream>>>>,
}

/// What can be repeated of one media stream, and how.
struct Stream {
    writer: Writer,
    kept: Mutex<VecDeque<Packet>>,
    repair: Mutex<Option<Repair>>,
}

/// The retransmission stream of a media stream.
#[derive(Clone)]
struct Repair {
    writer: Writer,
    ssrc: u32,
    payload_type: u8,
    sequence: u16,
}

impl RtxResponder {
    fn stream(&self, ssrc: u32) -> Option<Arc<Stream>> {
        locked(&self.streams).get(&ssrc).cloned()
    }
}

impl Stream {
    /// A packet and the writer for it: in the repair stream if there is one.
    fn repetition(&self, sequence: u16) -> Option<(Packet, Writer)> {
        let kept = locked(&self.kept);
        let original = kept.iter().find(|packet| packet.header.sequence_number == sequence)?;
        let mut repair = locked(&self.repair);
        let Some(repair) = repair.as_mut() else {
            return Some((original.clone(), Arc::clone(&self.writer)));
        };
        let mut packet = original.clone();
        packet.header.ssrc = repair.ssrc;
        packet.header.payload_type = repair.payload_type;
        packet.header.sequence_number = repair.sequence;
        repair.sequence = repair.sequence.wrapping_add(1);
        let mut payload = BytesMut::with_capacity(original.payload.len() + 2);
        payload.put_u16(sequence);
        payload.put_slice(&original.payload);
        packet.payload = payload.freeze();
        Some((packet, Arc::clone(&repair.writer)))
    }
}

#[async_trait]
impl RTPWriter for Stream {
    async fn write(&self, packet: &Packet, attributes: &Attributes) -> Result<usize, Error> {
        {
            let mut kept = locked(&self.kept);
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(packet.clone());
        }
        self.writer.write(packet, attributes).await
    }
}

/// Reads NACKs on their way to the application.
struct Listener {
    inner: Arc<dyn RTCPReader + Send + Sync>,
    streams: Arc<Mutex<HashMap<u32, Arc<Stream>>>>,
}

#[async_trait]
impl RTCPReader for Listener {
    async fn read(
        &self,
        buffer: &mut [u8],
        attributes: &Attributes,
    ) -> Result<(Vec<Box<dyn RtcpPacket + Send + Sync>>, Attributes), Error> {
        let (packets, attributes) = self.inner.read(buffer, attributes).await?;
        for packet in &packets {
            let Some(nack) = packet.as_any().downcast_ref::<TransportLayerNack>() else { continue };
            let Some(stream) = locked(&self.streams).get(&nack.media_ssrc).cloned() else {
                continue;
            };
            for sequence in nack.nacks.iter().flat_map(|pair| pair.packet_list()) {
                if let Some((packet, writer)) = stream.repetition(sequence)
                    && let Err(error) = writer.write(&packet, &Attributes::new()).await
                {
                    tracing::debug!(%error, sequence, "a packet was not repeated");
                }
            }
        }
        Ok((packets, attributes))
    }
}

#[async_trait]
impl Interceptor for RtxResponder {
    async fn bind_rtcp_reader(
        &self,
        reader: Arc<dyn RTCPReader + Send + Sync>,
    ) -> Arc<dyn RTCPReader + Send + Sync> {
        Arc::new(Listener { inner: reader, streams: Arc::clone(&self.streams) })
    }

    async fn bind_rtcp_writer(
        &self,
        writer: Arc<dyn RTCPWriter + Send + Sync>,
    ) -> Arc<dyn RTCPWriter + Send + Sync> {
        writer
    }

    async fn bind_local_stream(&self, info: &StreamInfo, writer: Writer) -> Writer {
        // The library binds a media stream before the retransmission stream that belongs to it.
        if let Some(media) = &info.associated_stream {
            if let Some(stream) = self.stream(media.ssrc) {
                *locked(&stream.repair) = Some(Repair {
                    writer: Arc::clone(&writer),
                    ssrc: info.ssrc,
                    payload_type: info.payload_type,
                    sequence: (info.ssrc >> 17) as u16,
                });
            }
            return writer;
        }
        if !info.rtcp_feedback.iter().any(is_plain_nack) {
            return writer;
        }
        let stream = Arc::new(Stream { writer, kept: Mutex::default(), repair: Mutex::default() });
        locked(&self.streams).insert(info.ssrc, Arc::clone(&stream));
        stream
    }

    async fn unbind_local_stream(&self, info: &StreamInfo) {
        locked(&self.streams).remove(&info.ssrc);
    }

    async fn bind_remote_stream(
        &self,
        _: &StreamInfo,
        reader: Arc<dyn RTPReader + Send + Sync>,
    ) -> Arc<dyn RTPReader + Send + Sync> {
        reader
    }

    async fn unbind_remote_stream(&self, _: &StreamInfo) {}

    async fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

fn is_plain_nack(feedback: &RTCPFeedback) -> bool {
    feedback.typ == "nack" && feedback.parameter.is_empty()
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use webrtc::interceptor::stream_info::AssociatedStreamInfo;
    use webrtc::rtcp::transport_feedbacks::transport_layer_nack::nack_pairs_from_sequence_numbers;
    use webrtc::rtp::header::Header;

    use super::*;

    /// Remembers what was sent.
    #[derive(Default)]
    struct Wire(Mutex<Vec<Packet>>);

    #[async_trait]
    impl RTPWriter for Wire {
        async fn write(&self, packet: &Packet, _: &Attributes) -> Result<usize, Error> {
            locked(&self.0).push(packet.clone());
            Ok(0)
        }
    }

    /// Brings one NACK.
    struct Nacks(Vec<u16>);

    #[async_trait]
    impl RTCPReader for Nacks {
        async fn read(
            &self,
            _: &mut [u8],
            _: &Attributes,
        ) -> Result<(Vec<Box<dyn RtcpPacket + Send + Sync>>, Attributes), Error> {
            let nacks = nack_pairs_from_sequence_numbers(&self.0);
            let nack = TransportLayerNack { sender_ssrc: 9, media_ssrc: 1, nacks };
            Ok((vec![Box::new(nack)], Attributes::new()))
        }
    }

    fn info(ssrc: u32, associated: Option<u32>) -> StreamInfo {
        let nack = RTCPFeedback { typ: "nack".to_owned(), parameter: String::new() };
        StreamInfo {
            ssrc,
            payload_type: if associated.is_some() { 97 } else { 96 },
            rtcp_feedback: vec![nack],
            associated_stream: associated
                .map(|ssrc| AssociatedStreamInfo { ssrc, payload_type: 96 }),
            ..StreamInfo::default()
        }
    }

    async fn repeated(with_repair: bool, lost: Vec<u16>) -> Vec<Packet> {
        let responder = RtxResponder::default();
        let (media, repair) = (Arc::new(Wire::default()), Arc::new(Wire::default()));
        let writer = responder.bind_local_stream(&info(1, None), media.clone()).await;
        if with_repair {
            responder.bind_local_stream(&info(2, Some(1)), repair.clone()).await;
        }
        for sequence_number in 0..2_000_u16 {
            let header = Header { ssrc: 1, payload_type: 96, sequence_number, ..Header::default() };
            let payload = Bytes::from_static(b"data");
            writer.write(&Packet { header, payload }, &Attributes::new()).await.expect("sent");
        }
        locked(&media.0).clear();
        let reader = responder.bind_rtcp_reader(Arc::new(Nacks(lost))).await;
        reader.read(&mut [], &Attributes::new()).await.expect("a NACK");
        let wire = if with_repair { repair } else { media };
        locked(&wire.0).drain(..).collect()
    }

    #[tokio::test]
    async fn lost_packets_are_repeated_in_their_own_stream() {
        let packets = repeated(true, vec![1_500, 1_501]).await;
        assert_eq!(packets.len(), 2);
        let first = &packets[0];
        assert_eq!((first.header.ssrc, first.header.payload_type), (2, 97));
        assert_eq!(first.payload[..], [&1_500_u16.to_be_bytes()[..], b"data"].concat());
        assert_eq!(packets[1].header.sequence_number, first.header.sequence_number + 1);
    }

    #[tokio::test]
    async fn without_a_repair_stream_the_packet_itself_comes_again() {
        let packets = repeated(false, vec![1_999]).await;
        assert_eq!(packets.len(), 1);
        assert_eq!((packets[0].header.ssrc, packets[0].header.sequence_number), (1, 1_999));
    }

    #[tokio::test]
    async fn what_is_too_old_is_not_repeated() {
        assert!(repeated(true, vec![2_000 - KEPT as u16 - 1]).await.is_empty());
        assert_eq!(repeated(true, vec![2_000 - KEPT as u16]).await.len(), 1);
    }
}
