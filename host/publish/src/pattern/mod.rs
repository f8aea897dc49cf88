//! The test picture: what is where in it, and how to read it again.
//!
//! A picture says who drew it and when: in digits for people and in a matrix of black and white
//! cells for machines. The matrix survives scaling to a quarter and lossy coding; its check bits
//! keep a damaged one from being read as another. Everything is placed in fractions of the picture,
//! so that a reader needs to know only where the whole picture lies.

mod draw;
mod font;
pub mod tone;

pub use draw::Painter;

use capstan_media::track::Uid;

/// Columns of the matrix.
pub(crate) const COLUMNS: usize = 13;
/// Rows of the matrix.
pub(crate) const ROWS: usize = 5;
/// The matrix, in fractions of the picture. It stays within the middle 9/20 of the width, so that a
/// picture cropped to a narrow tile still shows it whole.
pub(crate) const MATRIX: Fractions = Fractions { x: 0.275, y: 0.36, width: 0.45, height: 0.40 };
/// The band that flashes, in fractions of the picture.
pub(crate) const FLASH: Fractions = Fractions { x: 0.0, y: 0.80, width: 1.0, height: 0.20 };
/// How long the flash and the beep at the start of each wall-clock second last, in milliseconds.
pub const FLASH_MILLIS: i64 = 80;
/// Bits of the burnt-in clock: it counts milliseconds modulo two to this power (17.5 minutes).
pub const CLOCK_BITS: u32 = 20;

/// Bits of the check over uid and clock.
const CHECK_BITS: u32 = 10;
/// x^10 + x^9 + x^5 + x^4 + x + 1, without its highest term (ITU-T I.610).
const CHECK_POLYNOMIAL: u16 = 0x233;
/// White and black cells must differ by this much luma, or there is no matrix here.
const LEAST_CONTRAST: f32 = 48.0;
/// Mean luma from which the flash band counts as lit: the middle between its black and its white.
const LIT: f32 = 125.0;

/// A rectangle in fractions of a picture.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Fractions {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// What a test picture says about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Who drew it.
    pub uid: Uid,
    /// When, in Unix milliseconds modulo 2^20.
    pub millis: u32,
}

impl Stamp {
    /// The stamp of a picture that `uid` takes at `unix_millis`.
    #[must_use]
    pub fn new(uid: Uid, unix_millis: i64) -> Self {
        let millis = unix_millis.rem_euclid(1 << CLOCK_BITS);
        Self { uid, millis: u32::try_from(millis).unwrap_or(0) }
    }

    /// The Unix milliseconds nearest to `near` that this stamp can mean.
    #[must_use]
    pub fn unix_millis(self, near: i64) -> i64 {
        let span = 1_i64 << CLOCK_BITS;
        let behind = (near - i64::from(self.millis)).rem_euclid(span);
        if behind < span / 2 { near - behind } else { near + span - behind }
    }

    /// The cells of the matrix, row by row from the top left: white, black, the 62 bits of uid,
    /// clock and check with the highest first, white.
    pub(crate) fn cells(self) -> [bool; COLUMNS * ROWS] {
        let body = (u64::from(self.uid.get()) << CLOCK_BITS) | u64::from(self.millis);
        let bits = (body << CHECK_BITS) | u64::from(check(body));
        let mut cells = [false; COLUMNS * ROWS];
        let data = COLUMNS * ROWS - 3;
        for (index, cell) in cells.iter_mut().enumerate() {
            *cell = match index.checked_sub(2) {
                None => index == 0,
                Some(bit) if bit < data => (bits >> (data - 1 - bit)) & 1 == 1,
                Some(_) => true,
            };
        }
        cells
    }

    fn from_cells(cells: &[bool; COLUMNS * ROWS]) -> Option<Self> {
        let [true, false, data @ .., true] = cells else { return None };
        let bits = data.iter().fold(0_u64, |bits, &cell| (bits << 1) | u64::from(cell));
        let body = bits >> CHECK_BITS;
        if bits & ((1 << CHECK_BITS) - 1) != u64::from(check(body)) {
            return None;
        }
        let uid = Uid::new(u32::try_from(body >> CLOCK_BITS).ok()?)?;
        let millis = u32::try_from(body & ((1 << CLOCK_BITS) - 1)).ok()?;
        Some(Self { uid, millis })
    }
}

fn check(body: u64) -> u16 {
    // The register starts at all ones so that an all-black matrix isn't valid.
    let mut register = (1_u16 << CHECK_BITS) - 1;
    for bit in (0..32 + CLOCK_BITS).rev() {
        let top = (register >> (CHECK_BITS - 1)) & 1;
        let input = u16::try_from((body >> bit) & 1).unwrap_or(0);
        register = (register << 1) & ((1 << CHECK_BITS) - 1);
        if top != input {
            register ^= CHECK_POLYNOMIAL;
        }
    }
    register
}

/// A luma plane.
#[derive(Clone, Copy, Debug)]
pub struct Luma<'a> {
    /// Row `y` begins at `y * stride`.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

/// Where the whole test picture lies on a plane, in pixels. Where a tile crops it, it sticks out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    /// The picture of the aspect ratio `aspect` that covers this tile: centred, cropped by it.
    #[must_use]
    pub fn covered(self, aspect: f64) -> Self {
        self.fitted(aspect, f64::max)
    }

    /// The picture of the aspect ratio `aspect` that this tile contains: centred, between bars.
    #[must_use]
    pub fn contained(self, aspect: f64) -> Self {
        self.fitted(aspect, f64::min)
    }

    fn fitted(self, aspect: f64, choose: impl Fn(f64, f64) -> f64) -> Self {
        let height = choose(self.height, self.width / aspect);
        let width = height * aspect;
        Self {
            x: self.x + (self.width - width) / 2.0,
            y: self.y + (self.height - height) / 2.0,
            width,
            height,
        }
    }

    fn part(self, part: Fractions) -> Self {
        Self {
            x: self.x + part.x * self.width,
            y: self.y + part.y * self.height,
            width: part.width * self.width,
            height: part.height * self.height,
        }
    }
}

/// Reads the stamp of a test picture that fills the plane.
#[must_use]
pub fn read(luma: &[u8], stride: usize, width: usize, height: usize) -> Option<Stamp> {
    read_in(Luma { data: luma, stride, width, height }, whole(width, height))
}

/// Reads the stamp of a test picture that lies at `area`; `None` if there is none that is intact.
#[must_use]
pub fn read_in(luma: Luma<'_>, area: Area) -> Option<Stamp> {
    let matrix = area.part(MATRIX);
    let (width, height) = (matrix.width / COLUMNS as f64, matrix.height / ROWS as f64);
    let mut levels = [0.0_f32; COLUMNS * ROWS];
    for (index, level) in levels.iter_mut().enumerate() {
        let (column, row) = (index % COLUMNS, index / COLUMNS);
        // The middle of a cell: its edges are blurred by scaling and coding.
        let middle = Area {
            x: matrix.x + (column as f64 + 0.25) * width,
            y: matrix.y + (row as f64 + 0.25) * height,
            width: width / 2.0,
            height: height / 2.0,
        };
        *level = mean(luma, middle)?;
    }
    let darkest = levels.iter().copied().fold(f32::MAX, f32::min);
    let brightest = levels.iter().copied().fold(f32::MIN, f32::max);
    if brightest - darkest < LEAST_CONTRAST {
        return None;
    }
    let middle = f32::midpoint(darkest, brightest);
    Stamp::from_cells(&levels.map(|level| level > middle))
}

/// Whether the flash band of the test picture at `area` is lit; `None` if it isn't on the plane.
#[must_use]
pub fn is_lit(luma: Luma<'_>, area: Area) -> Option<bool> {
    let band = area.part(FLASH);
    // A cropped picture shows the middle of its band only.
    let middle = Area {
        x: band.x + band.width * 0.3,
        y: band.y + band.height * 0.25,
        width: band.width * 0.4,
        height: band.height * 0.5,
    };
    mean(luma, middle).map(|level| level > LIT)
}

/// The area of a picture that fills a plane.
#[must_use]
pub fn whole(width: usize, height: usize) -> Area {
    Area { x: 0.0, y: 0.0, width: width as f64, height: height as f64 }
}

/// The chroma (U, V) of all of `uid`'s picture but the flash band: hues a golden angle apart, so
/// that small uids differ as much as they can.
#[must_use]
pub fn base_chroma(uid: Uid) -> (u8, u8) {
    let hue = (f64::from(uid.get()) * 137.507_764).to_radians();
    let channel = |wave: f64| (128.0 + 52.0 * wave).round() as u8;
    (channel(hue.cos()), channel(hue.sin()))
}

/// Mean luma of the pixels whose centres lie in `area`, or of the nearest pixel if none do.
fn mean(luma: Luma<'_>, area: Area) -> Option<f32> {
    let span = |from: f64, length: f64, limit: usize| -> Option<(usize, usize)> {
        let first = (from - 0.5).ceil();
        let end = (from + length - 0.5).ceil().max(first + 1.0);
        (first >= 0.0 && end <= limit as f64).then_some((first as usize, end as usize))
    };
    let (left, right) = span(area.x, area.width, luma.width)?;
    let (top, bottom) = span(area.y, area.height, luma.height)?;
    let mut sum = 0_u64;
    for row in luma.data.chunks(luma.stride.max(1)).take(bottom).skip(top) {
        sum += row.get(left..right)?.iter().map(|&pixel| u64::from(pixel)).sum::<u64>();
    }
    let count = (right - left) * (bottom - top);
    Some(sum as f32 / count as f32)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::scaled;
