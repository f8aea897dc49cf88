//! Paints the test picture.
//!
//! The same uid, size and time give the same pixels, whatever was painted before.

use capstan_media::frame::{Picture, Plane, Size};
use capstan_media::time::RoomTime;
use capstan_media::track::Uid;

use super::{COLUMNS, FLASH, FLASH_MILLIS, Fractions, MATRIX, ROWS, Stamp, base_chroma, font};

/// Luma of the picture where nothing else is.
const BACKGROUND: u8 = 80;
/// Luma of white and black cells, digits and their box. Off the ends of the range, so that coding
/// noise has room on both sides.
const WHITE: u8 = 225;
const BLACK: u8 = 28;
/// Luma of the flash band, lit and not.
const BRIGHT: u8 = 235;
const DARK: u8 = 16;
/// Luma of the moving bars.
const BAR: u8 = 170;
/// A bar goes up and down in this time, in milliseconds.
const BAR_PERIOD: i64 = 2_000;

/// The columns at the sides in which the bars move.
const SIDES: [Fractions; 2] = [
    Fractions { x: 0.04, y: 0.36, width: 0.18, height: 0.40 },
    Fractions { x: 0.78, y: 0.36, width: 0.18, height: 0.40 },
];
/// The lines of text: the uid and the time of day.
const UID_LINE: Fractions = Fractions { x: 0.05, y: 0.03, width: 0.90, height: 0.13 };
const CLOCK_LINE: Fractions = Fractions { x: 0.05, y: 0.19, width: 0.90, height: 0.13 };

/// Paints one uid's pictures.
#[derive(Debug)]
pub struct Painter {
    uid: Uid,
    picture: Picture,
}

impl Painter {
    /// A painter of pictures of this size.
    #[must_use]
    pub fn new(uid: Uid, size: Size) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let plane = |value: u8, width: usize, height: usize| Plane {
            data: vec![value; width * height],
            stride: width,
        };
        let (u, v) = base_chroma(uid);
        let mut picture = Picture {
            size,
            planes: [
                plane(BACKGROUND, width, height),
                plane(u, half_width, half_height),
                plane(v, half_width, half_height),
            ],
        };
        let [_, u, v] = &mut picture.planes;
        let band = Pixels::of(FLASH, half_width, half_height);
        fill(u, band, 128);
        fill(v, band, 128);
        let mut painter = Self { uid, picture };
        painter.line(UID_LINE, &format!("#{uid}"));
        painter
    }

    /// The picture of this moment.
    pub fn paint(&mut self, at: RoomTime) -> &Picture {
        let millis = at.as_millis();
        self.bars(millis);
        self.matrix(Stamp::new(self.uid, millis));
        self.line(CLOCK_LINE, &time_of_day(millis));
        let lit = millis.rem_euclid(1_000) < FLASH_MILLIS;
        self.rectangle(FLASH, if lit { BRIGHT } else { DARK });
        &self.picture
    }

    /// What was painted last.
    pub(crate) const fn picture(&self) -> &Picture {
        &self.picture
    }

    fn bars(&mut self, millis: i64) {
        let phase = millis.rem_euclid(BAR_PERIOD) as f64 / BAR_PERIOD as f64;
        let up = 1.0 - (2.0 * phase - 1.0).abs();
        for (side, position) in SIDES.into_iter().zip([up, 1.0 - up]) {
            self.rectangle(side, BACKGROUND);
            let height = side.height / 4.0;
            let y = side.y + (side.height - height) * position;
            self.rectangle(Fractions { y, height, ..side }, BAR);
        }
    }

    fn matrix(&mut self, stamp: Stamp) {
        for (index, white) in stamp.cells().into_iter().enumerate() {
            let (column, row) = (index % COLUMNS, index / COLUMNS);
            let (width, height) = (MATRIX.width / COLUMNS as f64, MATRIX.height / ROWS as f64);
            let cell = Fractions {
                x: MATRIX.x + column as f64 * width,
                y: MATRIX.y + row as f64 * height,
                width,
                height,
            };
            self.rectangle(cell, if white { WHITE } else { BLACK });
        }
    }

    /// A line of text in a black box, as large as it fits.
    fn line(&mut self, line: Fractions, text: &str) {
        self.rectangle(line, BLACK);
        let space = self.pixels(line);
        let columns = text.chars().count() * (font::WIDTH + 1) + 1;
        let dot = (space.width / columns.max(1)).min(space.height / (font::HEIGHT + 2));
        let left = space.x + space.width.saturating_sub(columns * dot) / 2 + dot;
        let top = space.y + space.height.saturating_sub(font::HEIGHT * dot) / 2;
        for (place, character) in text.chars().enumerate() {
            let left = left + place * (font::WIDTH + 1) * dot;
            for (row, bits) in font::glyph(character).into_iter().enumerate() {
                for column in (0..font::WIDTH).filter(|column| bits >> (4 - column) & 1 == 1) {
                    let (x, y) = (left + column * dot, top + row * dot);
                    let [luma, ..] = &mut self.picture.planes;
                    fill(luma, Pixels { x, y, width: dot, height: dot }, WHITE);
                }
            }
        }
    }

    fn rectangle(&mut self, part: Fractions, value: u8) {
        let pixels = self.pixels(part);
        let [luma, ..] = &mut self.picture.planes;
        fill(luma, pixels, value);
    }

    fn pixels(&self, part: Fractions) -> Pixels {
        Pixels::of(part, self.picture.size.width as usize, self.picture.size.height as usize)
    }
}

/// A rectangle in pixels.
#[derive(Clone, Copy)]
struct Pixels {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Pixels {
    /// Edges are rounded, so that neighbours neither overlap nor leave a seam.
    fn of(part: Fractions, width: usize, height: usize) -> Self {
        let edge = |at: f64, size: usize| ((at * size as f64).round().max(0.0) as usize).min(size);
        let (x, y) = (edge(part.x, width), edge(part.y, height));
        Self {
            x,
            y,
            width: edge(part.x + part.width, width).saturating_sub(x),
            height: edge(part.y + part.height, height).saturating_sub(y),
        }
    }
}

fn fill(plane: &mut Plane, part: Pixels, value: u8) {
    let stride = plane.stride.max(1);
    for row in plane.data.chunks_mut(stride).skip(part.y).take(part.height) {
        if let Some(pixels) = row.get_mut(part.x..part.x + part.width) {
            pixels.fill(value);
        }
    }
}

/// The UTC time of day, with milliseconds.
fn time_of_day(unix_millis: i64) -> String {
    let day = unix_millis.rem_euclid(86_400_000);
    let (seconds, millis) = (day / 1_000, day % 1_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{millis:03}", seconds % 60)
}
