//! H.264: what an access unit holds, and the two ways of framing it (ITU-T H.264, 7.3 and B).
//!
//! Publishers and encoders speak Annex B (start codes); files hold 4-byte lengths with parameter
//! sets apart.

mod nal;
mod recovery;
mod sets;
pub mod slice;
mod sps;

use self::nal::{ACCESS_UNIT_DELIMITER, FILLER, PPS, SLICE_IDR, SPS, nal_type};
pub use self::nal::{nal_units, push_annex_b};
pub use self::recovery::{grey_pictures, recovery_point};
pub use self::sets::{KnownSets, ParameterSets, parameter_sets};
pub use self::sps::Sps;

/// Whether decoding can begin with the access unit: it holds an IDR picture, or a recovery point.
#[must_use]
pub fn is_key(annex_b: &[u8]) -> bool {
    is_idr(annex_b) || recovery_point(annex_b).is_some()
}

/// Whether the access unit holds an IDR picture.
#[must_use]
pub fn is_idr(annex_b: &[u8]) -> bool {
    nal_units(annex_b).any(|nal| nal_type(nal) == SLICE_IDR)
}

/// The access unit as files hold it: every NAL unit behind its length in 4 bytes, without parameter
/// sets, delimiters and filler.
#[must_use]
pub fn to_length_prefixed(annex_b: &[u8]) -> Vec<u8> {
    length_prefixed_without(annex_b, &[SPS, PPS, ACCESS_UNIT_DELIMITER, FILLER])
}

/// As [`to_length_prefixed`], with the parameter sets.
#[must_use]
pub fn to_length_prefixed_with_sets(annex_b: &[u8]) -> Vec<u8> {
    length_prefixed_without(annex_b, &[ACCESS_UNIT_DELIMITER, FILLER])
}

fn length_prefixed_without(annex_b: &[u8], left_out: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(annex_b.len() + 16);
    for nal in nal_units(annex_b) {
        if left_out.contains(&nal_type(nal)) {
            continue;
        }
        let Ok(len) = u32::try_from(nal.len()) else { continue };
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(nal);
    }
    out
}

/// The NAL units of an access unit as [`to_length_prefixed`] makes it. What is cut short ends them.
pub fn length_prefixed_units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (unit, tail) = tail.split_at_checked(length)?;
        rest = tail;
        Some(unit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::Size;

    /// x264, 640x360, high profile.
    const HIGH_360P: &str = "67640016acd940a02ff970110000030001000003001e0f162d96";
    /// x264, 1920x1080 (cropped from 1088).
    const HIGH_1080P: &str = "67640028acd940780227e5c044000003000400000300783c60c658";

    #[test]
    fn sizes_are_cropped() {
        let parse = |text: &str| Sps::parse(&hex::decode(text).unwrap()).unwrap();
        let sps = parse(HIGH_360P);
        assert_eq!((sps.profile, sps.level), (100, 22));
        assert_eq!(sps.size, Size { width: 640, height: 360 });
        assert_eq!(parse(HIGH_1080P).size, Size { width: 1920, height: 1080 });
    }

    #[test]
    fn units_are_found_behind_both_start_codes() {
        let stream = [9, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 3, 0, 0, 1];
        let units: Vec<_> = nal_units(&stream).collect();
        assert_eq!(units, [&[0x67, 1][..], &[0x68, 2], &[0x65, 3]]);
        assert!(is_key(&stream));
        let prefixed = to_length_prefixed(&stream);
        assert_eq!(prefixed, [0, 0, 0, 2, 0x65, 3]);
        assert_eq!(length_prefixed_units(&prefixed).collect::<Vec<_>>(), [&[0x65, 3]]);
        assert_eq!(length_prefixed_units(&prefixed[..5]).count(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..600)) {
            let units: usize = nal_units(&data).map(<[u8]>::len).sum();
            prop_assert!(units <= data.len());
            prop_assert!(to_length_prefixed(&data).len() <= data.len() * 2);
            let _ = (is_key(&data), parameter_sets(&data), Sps::parse(&data));
        }

        #[test]
        fn a_broken_parameter_set_is_survived(at in 0_usize..25, byte: u8, len in 0_usize..26) {
            let mut sps = hex::decode(HIGH_360P).unwrap();
            sps[at] = byte;
            sps.truncate(len);
            if let Ok(sps) = Sps::parse(&sps) {
                prop_assert!(sps.size.width > 0 && sps.size.height > 0);
            }
        }
    }
}
