//! VP9: the start of the uncompressed header (VP9 bitstream specification, 6.2).
//!
//! Of a superframe only the first frame is looked at.

use super::BadBitstream;
use super::bits::Bits;
use crate::colour_space::ColourSpace;
use crate::frame::Size;

/// What the uncompressed header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// 0 to 3.
    pub profile: u8,
    /// The size, of a key frame only.
    pub key_size: Option<Size>,
    /// Whether the frame is to be shown.
    pub shown: bool,
    /// How colours are to be read, of a key frame only.
    pub colours: ColourSpace,
}

impl Header {
    /// Parses the first frame of `data`.
    ///
    /// # Errors
    /// If the header is cut short or its fixed bits are wrong.
    pub fn parse(data: &[u8]) -> Result<Self, BadBitstream> {
        parse(&mut Bits::new(data)).ok_or_else(|| bad("header cut short"))?
    }

    /// Whether the frame decodes alone.
    #[must_use]
    pub const fn is_key(&self) -> bool {
        self.key_size.is_some()
    }
}

const fn bad(what: &'static str) -> BadBitstream {
    BadBitstream { codec: "vp9", what }
}

/// `None` where the bits run out.
fn parse(bits: &mut Bits<'_>) -> Option<Result<Header, BadBitstream>> {
    if bits.take(2)? != 2 {
        return Some(Err(bad("frame marker is not 2")));
    }
    let profile = u8::from(bits.flag()?) | u8::from(bits.flag()?) << 1;
    if profile == 3 && bits.flag()? {
        return Some(Err(bad("reserved profile")));
    }
    let colours = ColourSpace::UNSAID;
    if bits.flag()? {
        // show_existing_frame
        return Some(Ok(Header { profile, key_size: None, shown: true, colours }));
    }
    let is_key = !bits.flag()?;
    let shown = bits.flag()?;
    bits.skip(1)?; // error_resilient_mode
    if !is_key {
        return Some(Ok(Header { profile, key_size: None, shown, colours }));
    }
    if bits.take(24)? != 0x49_83_42 {
        return Some(Err(bad("sync code is wrong")));
    }
    let colours = color_config(bits, profile)?;
    let width = bits.take(16)? + 1;
    let height = bits.take(16)? + 1;
    Some(Ok(Header { profile, key_size: Some(Size { width, height }), shown, colours }))
}

/// 6.2.2.
fn color_config(bits: &mut Bits<'_>, profile: u8) -> Option<ColourSpace> {
    const SRGB: u32 = 7;
    if profile >= 2 {
        bits.skip(1)?; // ten_or_twelve_bit
    }
    let space = bits.take(3)?;
    let mut full_range = true;
    if space != SRGB {
        full_range = bits.flag()?;
        if profile % 2 == 1 {
            bits.skip(3)?; // subsampling and reserved_zero
        }
    } else if profile % 2 == 1 {
        bits.skip(1)?; // reserved_zero
    }
    let (primaries, transfer, matrix) = match space {
        1 | 3 => (6, 6, 6),
        2 => (1, 1, 1),
        4 => (7, 7, 7),
        // The transfer function of BT.2020 with 8 bits is that of BT.709.
        5 => (9, 1, 9),
        SRGB => (1, 13, 0),
        _ => (2, 2, 2),
    };
    Some(ColourSpace { primaries, transfer, matrix, full_range })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_frame_tells_its_size() {
        // libvpx, profile 0, 640x360.
        let header = Header::parse(&hex::decode("824983420027f0167600").unwrap()).unwrap();
        let size = Size { width: 640, height: 360 };
        let colours = ColourSpace::UNSAID;
        assert_eq!(header, Header { profile: 0, key_size: Some(size), shown: true, colours });
        // The same with color_space 2 and color_range 1.
        let full = Header::parse(&hex::decode("824983425027f0167600").unwrap()).unwrap();
        let colours = ColourSpace { full_range: true, ..ColourSpace::BT709 };
        assert_eq!(full, Header { colours, ..header });
        assert!(header.is_key());
        assert!(!Header::parse(&[0x86, 0, 0]).unwrap().is_key());
        assert_eq!(Header::parse(&[0]).unwrap_err().what, "frame marker is not 2");
        assert_eq!(Header::parse(&[0x82, 0x49]).unwrap_err().what, "header cut short");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..16)) {
            if let Ok(Header { key_size: Some(size), .. }) = Header::parse(&data) {
                prop_assert!(size.width > 0 && size.height > 0);
            }
        }
    }
}
