//! H.264 and AV1 by the recorder's own encoders, turned from the form that files hold into the form
//! that RTP payloaders take.

use bytes::{BufMut, Bytes, BytesMut};
use capstan_media::codec::Codec;
use capstan_media::frame::{FrameKind, Picture};
use capstan_media::sample::Coding;
use capstan_pipeline::encode as pipeline;

use super::{EncodeError, Encoded, Encoder, VideoSettings};

/// The start code of ISO 14496-10, annex B.
const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// OBU type of a sequence header (AV1 specification, 6.2.2).
const OBU_SEQUENCE_HEADER: u8 = 1;

pub(super) struct IsoEncoder {
    codec: Codec,
    inner: Box<dyn pipeline::VideoEncoder>,
}

impl IsoEncoder {
    pub(super) fn new(settings: &VideoSettings) -> Result<Self, EncodeError> {
        let codec = settings.codec;
        let inner = pipeline::video_encoder(&pipeline::VideoSettings {
            size: settings.size,
            fps: settings.fps,
            bitrate_kbps: settings.bitrate_kbps,
            codec: match codec {
                Codec::Av1 => pipeline::OutputVideo::Av1,
                _ => pipeline::OutputVideo::H264,
            },
        })
        .map_err(|error| failed(codec, &error))?;
        Ok(Self { codec, inner })
    }
}

impl Encoder for IsoEncoder {
    fn encode(&mut self, picture: &Picture, kind: FrameKind) -> Result<Vec<Encoded>, EncodeError> {
        let pictures =
            self.inner.encode(picture, kind).map_err(|error| failed(self.codec, &error))?;
        let coding = self.inner.coding();
        let frames = pictures.into_iter().map(|picture| {
            let key = picture.kind == FrameKind::Key;
            let data = match &coding {
                Some(Coding::H264 { sps, pps, .. }) => {
                    let sets = sps.iter().chain(pps).filter(|_| key);
                    annex_b(&picture.data, sets)
                }
                Some(Coding::Av1 { sequence_header, .. }) if key => {
                    with_sequence_header(picture.data, sequence_header)
                }
                _ => picture.data,
            };
            Encoded { data, kind: picture.kind }
        });
        Ok(frames.collect())
    }
}

/// Replaces 4-byte lengths by start codes and puts the parameter sets in front.
fn annex_b<'a>(mut units: &[u8], parameter_sets: impl Iterator<Item = &'a Bytes> + Clone) -> Bytes {
    let sets = parameter_sets.clone().map(|set| set.len() + START_CODE.len()).sum::<usize>();
    let mut stream = BytesMut::with_capacity(units.len() + sets);
    for set in parameter_sets {
        stream.put_slice(&START_CODE);
        stream.put_slice(set);
    }
    while let Some((length, rest)) = units.split_first_chunk::<4>() {
        let length = (u32::from_be_bytes(*length) as usize).min(rest.len());
        let (unit, rest) = rest.split_at(length);
        stream.put_slice(&START_CODE);
        stream.put_slice(unit);
        units = rest;
    }
    stream.freeze()
}

fn with_sequence_header(data: Bytes, header: &Bytes) -> Bytes {
    let kind = data.first().map_or(0, |byte| (byte >> 3) & 0x0f);
    if kind == OBU_SEQUENCE_HEADER {
        return data;
    }
    let mut unit = BytesMut::with_capacity(header.len() + data.len());
    unit.put_slice(header);
    unit.put_slice(&data);
    unit.freeze()
}

fn failed(codec: Codec, error: &pipeline::EncodeError) -> EncodeError {
    EncodeError::Library { codec, what: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_become_start_codes() {
        let (sps, pps) = (Bytes::from_static(&[0x67, 1]), Bytes::from_static(&[0x68, 2]));
        let units = [0, 0, 0, 2, 0x65, 9, 0, 0, 0, 1, 0x41];
        assert_eq!(
            annex_b(&units, [&sps, &pps].into_iter())[..],
            [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 9, 0, 0, 0, 1, 0x41]
        );
        assert_eq!(annex_b(&units[..6], std::iter::empty())[..], [0, 0, 0, 1, 0x65, 9]);
    }

    #[test]
    fn a_sequence_header_is_put_before_a_key_frame_once() {
        let header = Bytes::from_static(&[0x0a, 1, 7]);
        let frame = Bytes::from_static(&[0x32, 1, 5]);
        let whole = with_sequence_header(frame, &header);
        assert_eq!(whole[..], [0x0a, 1, 7, 0x32, 1, 5]);
        assert_eq!(with_sequence_header(whole.clone(), &header), whole);
    }
}
