//! Synthetic publishers for tests: pictures, sound and their encoded frames.

pub(crate) mod talk;
pub(crate) mod vpx;

use std::sync::Arc;

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, Frame, FrameKind, Picture, Size};
use capstan_media::time::{RoomTime, RtpTime};
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::turn::Turn;

use crate::encode::{OutputVideo, VideoSettings, video_encoder};
use crate::picture::filled;

/// A full second of the clock, in microseconds, far from zero.
pub(crate) const START: RoomTime = RoomTime::from_micros(1_700_000_000_000_000);

pub(crate) fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

pub(crate) const fn camera(uid: Uid) -> TrackId {
    TrackId { uid, kind: TrackKind::Camera }
}

pub(crate) const fn microphone(uid: Uid) -> TrackId {
    TrackId { uid, kind: TrackKind::Audio }
}

/// A frame of a track that was sent `micros` after the start and arrived at once.
pub(crate) fn frame(
    track: TrackId,
    codec: Codec,
    micros: i64,
    kind: FrameKind,
    data: impl Into<Bytes>,
) -> Frame {
    let ticks = (micros * i64::from(codec.clock_rate()) + 500_000) / 1_000_000;
    Frame {
        track,
        arrived: START.offset_micros(micros),
        rtp_time: RtpTime(u64::try_from(3_000_000_000 + ticks).unwrap()),
        codec,
        kind,
        continuity: Continuity::Contiguous,
        turn: Turn::None,
        data: data.into(),
    }
}

/// A flat picture.
pub(crate) fn flat(width: u32, height: u32, luma: u8) -> Picture {
    filled(Size { width, height }, [luma, 128, 128])
}

/// A picture whose content moves with `number`: every frame differs from the one before.
pub(crate) fn moving(width: u32, height: u32, number: usize) -> Picture {
    let mut picture = flat(width, height, 128);
    let width = width as usize;
    for (place, cell) in picture.planes[0].data.iter_mut().enumerate() {
        let (x, y) = (place % width, place / width);
        *cell = u8::try_from((x * 3 + y * 5 + number * 7) / 4 % 200 + 20).unwrap();
    }
    picture
}

/// Encodes pictures as one codec, the first and every `gop`th a key frame.
pub(crate) fn encoded(codec: Codec, pictures: &[Picture], gop: usize) -> Vec<(FrameKind, Bytes)> {
    let kind = |n: usize| if n.is_multiple_of(gop) { FrameKind::Key } else { FrameKind::Delta };
    let size = pictures[0].size;
    match codec {
        Codec::Vp8 | Codec::Vp9 => {
            let mut encoder = vpx::Encoder::new(codec, size);
            let each = pictures.iter().enumerate();
            each.map(|(n, picture)| (kind(n), encoder.encode(picture, kind(n)))).collect()
        }
        Codec::H264 => h264(pictures, kind),
        Codec::Av1 => {
            let codec = OutputVideo::Av1;
            let settings = VideoSettings { size, fps: 15, bitrate_kbps: 500, codec };
            let mut encoder = video_encoder(&settings).unwrap();
            let mut out = Vec::new();
            for (n, picture) in pictures.iter().enumerate() {
                out.extend(encoder.encode(picture, kind(n)).unwrap());
            }
            out.extend(encoder.flush().unwrap());
            out.into_iter().map(|picture| (picture.kind, picture.data)).collect()
        }
        Codec::Opus => panic!("no pictures"),
    }
}

fn h264(pictures: &[Picture], kind: impl Fn(usize) -> FrameKind) -> Vec<(FrameKind, Bytes)> {
    use openh264::encoder::Encoder;
    use openh264::formats::YUVSlices;

    let mut encoder = Encoder::new().unwrap();
    let encode = |(n, picture): (usize, &Picture)| {
        if kind(n) == FrameKind::Key {
            encoder.force_intra_frame();
        }
        let [y, u, v] = &picture.planes;
        let size = (picture.size.width as usize, picture.size.height as usize);
        let strides = (y.stride, u.stride, v.stride);
        let planes = YUVSlices::new((&y.data, &u.data, &v.data), size, strides);
        (kind(n), encoder.encode(&planes).unwrap().to_vec().into())
    };
    pictures.iter().enumerate().map(encode).collect()
}

/// Encodes mono samples as Opus packets of 20 ms, with redundancy for lost ones.
pub(crate) fn opus(samples: &[f32]) -> Vec<Bytes> {
    use opus::{Application, Bitrate, Channels, Encoder};

    let mut encoder = Encoder::new(48_000, Channels::Mono, Application::Voip).unwrap();
    encoder.set_bitrate(Bitrate::Bits(64_000)).unwrap();
    encoder.set_inband_fec(true).unwrap();
    encoder.set_packet_loss_perc(20).unwrap();
    let chunks = samples.chunks_exact(960);
    chunks.map(|chunk| encoder.encode_vec_float(chunk, 1_500).unwrap().into()).collect()
}

/// A tone of 400 Hz.
pub(crate) fn tone(amplitude: f32, samples: usize) -> Vec<f32> {
    let step = std::f32::consts::TAU / 120.0;
    (0..samples).map(|n| amplitude * ((n % 120) as f32 * step).sin()).collect()
}

/// The packets of a sound track that begins at the start, each arriving when it is due.
pub(crate) fn sound(track: TrackId, packets: &[Bytes]) -> Vec<Arc<Frame>> {
    let each = packets.iter().zip(0..);
    each.map(|(data, n)| {
        Arc::new(frame(track, Codec::Opus, n * 20_000, FrameKind::Key, data.clone()))
    })
    .collect()
}
