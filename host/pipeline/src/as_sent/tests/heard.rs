//! What a player hears of slices of Opus: mono sound from the recording's zero on.

use super::*;
use crate::decode::OpusDecoder;

/// Every packet where its slice has it.
pub(super) fn heard(pieces: &[Piece]) -> Vec<f32> {
    heard_in(pieces, 1)
}

/// The same in so many channels, interleaved.
pub(super) fn heard_in(pieces: &[Piece], channels: usize) -> Vec<f32> {
    let mut decoder = OpusDecoder::new(channels).unwrap();
    let mut sound: Vec<f32> = Vec::new();
    let lead = LEAD.as_secs() * 48_000;
    for slice in slices(pieces) {
        for (at, packet) in packets(&slice.segment.bytes) {
            let at = usize::try_from(at.saturating_sub(lead)).unwrap() * channels;
            let samples = decoder.decode(&packet).unwrap();
            sound.resize(sound.len().max(at + samples.len()), 0.0);
            sound[at..at + samples.len()].copy_from_slice(samples);
        }
    }
    sound
}

/// The packets of a media segment with one run whose samples each have duration, size and flags.
fn packets(segment: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let word = |at: usize| u32::from_be_bytes(segment[at..at + 4].try_into().unwrap());
    let after = |name: &[u8; 4]| segment.windows(4).position(|four| four == name).unwrap() + 4;
    let (tfdt, trun, mut data) = (after(b"tfdt"), after(b"trun"), after(b"mdat"));
    assert_eq!((segment[tfdt], word(trun) & 0xff_ffff), (1, 0x701), "as this crate writes them");
    let mut at = u64::from_be_bytes(segment[tfdt + 4..tfdt + 12].try_into().unwrap());
    let entries = (0..usize::try_from(word(trun + 4)).unwrap()).map(|n| trun + 12 + n * 12);
    let each = entries.map(|entry| {
        let (begins, size) = (at, usize::try_from(word(entry + 4)).unwrap());
        at += u64::from(word(entry));
        data += size;
        (begins, segment[data - size..data].to_vec())
    });
    each.collect()
}

/// The same of slices of AAC-LC in one channel.
pub(super) fn heard_aac(pieces: &[Piece]) -> Vec<f32> {
    heard_aac_in(&slices(pieces), 1)
}

/// The same of slices of AAC-LC in so many channels, interleaved.
#[cfg(feature = "aac")]
pub(super) fn heard_aac_in(slices: &[&Slice], channels: usize) -> Vec<f32> {
    use fdk_aac::dec::{Decoder, Transport};

    let mut decoder = Decoder::new(Transport::Raw);
    // AAC-LC, 48 kHz.
    let config = if channels == 1 { [0x11, 0x88] } else { [0x11, 0x90] };
    decoder.config_raw(&config).unwrap();
    let lead = LEAD.as_secs() * 48_000;
    let (mut sound, mut pcm): (Vec<f32>, _) = (Vec::new(), [0_i16; 2_048]);
    for slice in slices {
        for (at, frame) in packets(&slice.segment.bytes) {
            let at = usize::try_from(at.saturating_sub(lead)).unwrap() * channels;
            decoder.fill(&frame).unwrap();
            decoder.decode_frame(&mut pcm).unwrap();
            let len = decoder.decoded_frame_size();
            sound.resize(sound.len().max(at + len), 0.0);
            let samples = pcm[..len].iter().map(|&sample| f32::from(sample) / 32_768.0);
            sound.splice(at..at + len, samples);
        }
    }
    sound
}

/// The same of slices of AAC-LC in so many channels, interleaved.
#[cfg(not(feature = "aac"))]
pub(super) fn heard_aac_in(_: &[&Slice], _: usize) -> Vec<f32> {
    unreachable!("this build has no AAC")
}

/// Where a tone is silent for 5 ms or more: from when in ms, and for how many.
pub(super) fn silent(sound: &[f32]) -> Vec<(usize, usize)> {
    let ms = crate::testing::talk::MS;
    let quiet = |piece: &[f32]| piece.iter().all(|sample| sample.abs() < 0.02);
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for (at, _) in sound.chunks(5 * ms).enumerate().filter(|(_, piece)| quiet(piece)) {
        match spans.last_mut() {
            Some((from, length)) if *from + *length == at * 5 => *length += 5,
            _ => spans.push((at * 5, 5)),
        }
    }
    spans
}
