//! Scales planes: area average when shrinking, two taps when enlarging.
//!
//! A plan is made once per geometry and run for each picture. Columns are summed first, row by
//! row, which the compiler turns into vector code; the shrunken row is then resampled across.

use crate::mix::geometry::Span;
use crate::picture::PlaneView;

/// Weights are in 1/256, so that a sum of weighted bytes fits 16 bits.
const ONE: u32 = 256;

/// Which source cells make one output cell, and how much each counts.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Tap {
    /// The first source cell.
    start: usize,
    /// Adds up to [`ONE`].
    weights: Vec<u16>,
}

/// How one plane becomes another.
#[derive(Clone, Debug)]
pub struct PlanePlan {
    down: Vec<Tap>,
    across: Across,
    /// The source columns that count, so that the others aren't summed.
    columns: std::ops::Range<usize>,
    /// One row of sums, kept between pictures.
    sums: Vec<u16>,
    /// One row of averaged source cells, kept between pictures: bytes, widened for the next step.
    row: Vec<u16>,
}

/// The horizontal step, its starts relative to the columns that count.
#[derive(Clone, Debug)]
enum Across {
    /// Each source cell is an output cell.
    Copy,
    /// The average of two neighbours.
    Half,
    /// Up to four source cells each.
    Four(Vec<Packed<1>>),
    /// Up to eight.
    Eight(Vec<Packed<2>>),
    /// Any number.
    Many(Vec<Tap>),
}

/// A tap of four times `N` weights, four of them in a word in reverse order: the product with a
/// word of four cells has their weighted sum in its highest 16 bits. No sum of fewer cells is
/// larger than 16 bits, so nothing carries over.
#[derive(Clone, Debug)]
struct Packed<const N: usize> {
    start: u32,
    weights: [u64; N],
}

impl PlanePlan {
    /// From a source of `source` cells, of which the spans `across` and `down` are to be seen, to
    /// `width` times `height` cells. All four numbers are at least 1.
    #[must_use]
    pub fn new(source: (usize, usize), spans: (Span, Span), target: (usize, usize)) -> Self {
        let across = taps(source.0, spans.0, target.0);
        let down = taps(source.1, spans.1, target.1);
        let first = across.iter().map(|tap| tap.start).min().unwrap_or(0);
        let last = across.iter().map(|tap| tap.start + tap.weights.len()).max().unwrap_or(0);
        let columns = first..last;
        let across = Across::new(across, &columns);
        Self { down, across, columns, sums: Vec::new(), row: Vec::new() }
    }

    /// Writes the scaled plane to `target`, whose rows begin every `stride` bytes. Rows that don't fit
    /// are left out.
    pub fn run(&mut self, source: PlaneView<'_>, target: &mut [u8], stride: usize) {
        for (tap, target) in self.down.iter().zip(target.chunks_mut(stride.max(1))) {
            let columns = |y| source.row(y).get(self.columns.clone()).unwrap_or_default();
            self.row.clear();
            if let [_] = tap.weights.as_slice() {
                self.row.extend(columns(tap.start).iter().map(|&cell| u16::from(cell)));
            } else {
                sum_rows(tap, columns, &mut self.sums);
                self.row.extend(self.sums.iter().map(|&sum| (sum + 128) >> 8));
            }
            self.across.run(&self.row, target);
        }
    }
}

/// Rounds a sum of weighted bytes; the sum is at most 255 * 256, so that nothing overflows.
const fn round(sum: u16) -> u8 {
    ((sum + 128) >> 8) as u8
}

fn sum_rows<'a>(tap: &Tap, row: impl Fn(usize) -> &'a [u8], sums: &mut Vec<u16>) {
    sums.clear();
    match tap.weights.as_slice() {
        &[a, b] => {
            let rows = row(tap.start).iter().zip(row(tap.start + 1));
            sums.extend(rows.map(|(&x, &y)| a * u16::from(x) + b * u16::from(y)));
        }
        &[a, b, c] => {
            let rows = row(tap.start).iter().zip(row(tap.start + 1)).zip(row(tap.start + 2));
            let sum = |((&x, &y), &z): ((&u8, &u8), &u8)| {
                a * u16::from(x) + b * u16::from(y) + c * u16::from(z)
            };
            sums.extend(rows.map(sum));
        }
        weights => {
            for (number, &weight) in weights.iter().enumerate() {
                let row = row(tap.start + number);
                if number == 0 {
                    sums.extend(row.iter().map(|&cell| weight * u16::from(cell)));
                } else {
                    for (sum, &cell) in sums.iter_mut().zip(row) {
                        *sum += weight * u16::from(cell);
                    }
                }
            }
        }
    }
}

impl Across {
    fn new(taps: Vec<Tap>, columns: &std::ops::Range<usize>) -> Self {
        let relative = |tap: Tap| Tap { start: tap.start - columns.start, ..tap };
        let taps: Vec<Tap> = taps.into_iter().map(relative).collect();
        let len = columns.len();
        let each = |weights: &[u16], step| {
            let fits = |(i, tap): (usize, &Tap)| tap.start == i * step && tap.weights == weights;
            taps.iter().enumerate().all(fits)
        };
        if each(&[256], 1) {
            return Self::Copy;
        }
        if each(&[128, 128], 2) {
            return Self::Half;
        }
        let most = taps.iter().map(|tap| tap.weights.len()).max().unwrap_or(0);
        match most {
            0..=4 if len >= 4 => Self::Four(packed(&taps, len)),
            0..=8 if len >= 8 => Self::Eight(packed(&taps, len)),
            _ => Self::Many(taps),
        }
    }

    fn run(&self, row: &[u16], target: &mut [u8]) {
        match self {
            Self::Copy => {
                for (target, &cell) in target.iter_mut().zip(row) {
                    *target = cell as u8;
                }
            }
            Self::Half => {
                let (pairs, _) = row.as_chunks::<2>();
                for (target, &[a, b]) in target.iter_mut().zip(pairs) {
                    // Down, since the rows were rounded up: in the mean nothing gets brighter.
                    *target = ((a + b) >> 1) as u8;
                }
            }
            Self::Four(taps) => run_packed(taps, row, target),
            Self::Eight(taps) => run_packed(taps, row, target),
            Self::Many(taps) => {
                for (target, tap) in target.iter_mut().zip(taps) {
                    let cells = row.get(tap.start..).unwrap_or_default();
                    let products = cells.iter().zip(&tap.weights);
                    *target = round(products.map(|(&cell, &weight)| cell * weight).sum());
                }
            }
        }
    }
}

/// Pads each tap with zeros, moving it to the left where it would reach past the row's end.
fn packed<const N: usize>(taps: &[Tap], len: usize) -> Vec<Packed<N>> {
    let pack = |tap: &Tap| {
        let start = tap.start.min(len.saturating_sub(4 * N));
        let shift = tap.start - start;
        let mut weights = [0; N];
        for (number, word) in weights.iter_mut().enumerate() {
            for place in 0..4 {
                let of_tap = (4 * number + place).checked_sub(shift);
                let weight = of_tap.and_then(|n| tap.weights.get(n)).copied().unwrap_or(0);
                *word |= u64::from(weight) << (16 * (3 - place));
            }
        }
        Packed { start: u32::try_from(start).unwrap_or(u32::MAX), weights }
    };
    taps.iter().map(pack).collect()
}

/// Four cells, the first in the lowest bits.
fn word_of(cells: &[u16; 4]) -> u64 {
    let [a, b, c, d] = cells.map(u64::from);
    a | b << 16 | c << 32 | d << 48
}

fn run_packed<const N: usize>(taps: &[Packed<N>], row: &[u16], target: &mut [u8]) {
    for (target, tap) in target.iter_mut().zip(taps) {
        let start = tap.start as usize;
        let Some(cells) = row.get(start..start + 4 * N) else { continue };
        let (words, _) = cells.as_chunks::<4>();
        let mut sum = 0;
        for (word, &weights) in words.iter().zip(&tap.weights) {
            sum += word_of(word).wrapping_mul(weights) >> 48;
        }
        *target = ((sum + 128) >> 8) as u8;
    }
}

/// For each of `count` outputs the source cells that it covers within `span`.
fn taps(source: usize, span: Span, count: usize) -> Vec<Tap> {
    let step = span.len / count as f64;
    let tap = |i: usize| {
        let from = span.start + i as f64 * step;
        if step > 1.0 + 1e-9 {
            covered(source, from, from + step)
        } else {
            between(source, from + step / 2.0 - 0.5)
        }
    };
    (0..count).map(tap).collect()
}

/// Area average: each cell counts as much as of it lies between `from` and `to`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..source")]
fn covered(source: usize, from: f64, to: f64) -> Tap {
    let from = from.clamp(0.0, source as f64 - 1.0);
    let to = to.clamp(from + 1e-6, source as f64);
    let first = from as usize;
    // An edge that rounding put a hair into the next cell doesn't count it.
    let last = ((to - 1e-6).ceil() as usize).clamp(first + 1, source);
    let share = |cell: usize| (to.min(cell as f64 + 1.0) - from.max(cell as f64)).max(0.0);
    quantised(first, (first..last).map(|cell| share(cell) / (to - from)).collect())
}

/// Two taps around a place between cell centres; beyond the ends the end cell alone.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..source")]
fn between(source: usize, place: f64) -> Tap {
    let place = place.clamp(0.0, source as f64 - 1.0);
    let first = place as usize;
    let part = place - first as f64;
    if part < 0.5 / f64::from(ONE) || first + 1 >= source {
        return Tap { start: first, weights: vec![256] };
    }
    quantised(first, vec![1.0 - part, part])
}

/// Shares that add up to one, as weights that add up to exactly [`ONE`].
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 256")]
fn quantised(start: usize, shares: Vec<f64>) -> Tap {
    let mut given = 0;
    let mut sum = 0.0;
    let weigh = |share: f64| {
        sum += share;
        let until = (sum * f64::from(ONE)).round().clamp(0.0, f64::from(ONE)) as u16;
        let weight = until - given;
        given = until;
        weight
    };
    let mut weights: Vec<u16> = shares.into_iter().map(weigh).collect();
    if let Some(last) = weights.last_mut() {
        *last += 256 - given;
    }
    Tap { start, weights }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(len: usize) -> Span {
        Span { start: 0.0, len: len as f64 }
    }

    fn scaled(
        source: &[u8],
        size: (usize, usize),
        spans: (Span, Span),
        to: (usize, usize),
    ) -> Vec<u8> {
        let mut target = vec![0; to.0 * to.1];
        let view = PlaneView::new(source, size.0, size.0, size.1).unwrap();
        PlanePlan::new(size, spans, to).run(view, &mut target, to.0);
        target
    }

    #[test]
    fn the_same_size_is_a_copy() {
        let source: Vec<u8> = (0..=255).collect();
        let spans = (whole(16), whole(16));
        assert_eq!(scaled(&source, (16, 16), spans, (16, 16)), source);
    }

    #[test]
    fn a_half_is_the_rounded_average() {
        let source = [0, 1, 10, 20, 3, 4, 30, 40];
        let spans = (whole(4), whole(2));
        assert_eq!(scaled(&source, (4, 2), spans, (2, 1)), [2, 25]);
    }

    #[test]
    fn flat_stays_flat_at_every_ratio() {
        for value in [0, 1, 16, 128, 235, 255] {
            for (from, to) in [(7, 3), (640, 214), (5, 17), (9, 8), (33, 2), (3, 3), (1, 9), (2, 1)]
            {
                let source = vec![value; from * from];
                let out = scaled(&source, (from, from), (whole(from), whole(from)), (to, to));
                assert!(out.iter().all(|&cell| cell == value), "{value} {from} -> {to}");
            }
        }
    }

    #[test]
    fn every_cell_counts_alike_when_shrinking() {
        // One bright cell of 5 in 2 outputs of 2.5 cells: its light is kept wherever it is.
        for place in 0..5 {
            let mut source = [0_u8; 5];
            source[place] = 250;
            let out = scaled(&source, (5, 1), (whole(5), whole(1)), (2, 1));
            let light: u32 = out.iter().map(|&cell| u32::from(cell)).sum();
            assert!((99..=101).contains(&light), "{place}: {out:?}");
        }
    }

    #[test]
    fn fine_stripes_become_grey_not_moire() {
        // 640 columns of alternating black and white to 256: a 2:1 tap would alias to full swing.
        let source: Vec<u8> = (0..640).map(|x| if x % 2 == 0 { 0 } else { 255 }).collect();
        let out = scaled(&source, (640, 1), (whole(640), whole(1)), (256, 1));
        let worst = out.iter().map(|&cell| cell.abs_diff(128)).max().unwrap();
        assert!(worst <= 52, "swing {worst} of 128");
    }

    #[test]
    fn enlarging_is_smooth_and_keeps_the_ends() {
        let out = scaled(&[0, 200], (2, 1), (whole(2), whole(1)), (8, 1));
        assert_eq!((out[0], out[7]), (0, 200));
        assert!(out.is_sorted());
        assert_eq!(out[3] + out[4], 200);
    }

    #[test]
    fn only_the_span_is_seen() {
        let source: Vec<u8> = (0..8).collect();
        let out = scaled(&source, (8, 1), (Span { start: 2.0, len: 4.0 }, whole(1)), (4, 1));
        assert_eq!(out, [2, 3, 4, 5]);
    }
}
