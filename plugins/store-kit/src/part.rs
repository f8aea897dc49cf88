//! One run of the file on its way: the whole of it, or one part.

use crate::io::FileRange;
use crate::uploader::Algorithm;

/// The most parts that every vendor takes.
const MAX_PARTS: u64 = 10_000;

/// A run of the file.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    /// Where it lies.
    pub range: FileRange,
    /// The digests computed for it in this attempt.
    pub digests: Vec<(Algorithm, Vec<u8>)>,
    /// What the vendor wants kept of them, once all are there.
    pub print: Vec<u8>,
    /// The vendor's tag, once it has the part.
    pub tag: Option<String>,
    /// Whether its digests or its request are under way.
    pub(crate) started: bool,
}

impl Part {
    pub(crate) const fn new(offset: u64, length: u64) -> Self {
        let range = FileRange { offset, length };
        Self { range, digests: Vec::new(), print: Vec::new(), tag: None, started: false }
    }

    /// The first digest of an algorithm.
    #[must_use]
    pub fn digest(&self, algorithm: Algorithm) -> Option<&[u8]> {
        self.digests.iter().find(|(which, _)| *which == algorithm).map(|(_, bytes)| &**bytes)
    }

    pub(crate) const fn waits(&self) -> bool {
        !self.started && self.tag.is_none()
    }
}

/// The runs of a file of `size` bytes: parts of `part_size`, larger ones if there would be too many.
pub(crate) fn parts(size: u64, part_size: u64) -> Vec<Part> {
    let part_size = part_size.max(size.div_ceil(MAX_PARTS)).max(1);
    let count = size.div_ceil(part_size).max(1);
    (0..count)
        .map(|number| {
            let offset = number * part_size;
            Part::new(offset, part_size.min(size - offset))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_file_and_are_never_too_many() {
        for (size, part_size) in [(0, 8), (1, 8), (8, 8), (9, 8), (80_000, 8), (1_234_567, 8)] {
            let parts = parts(size, part_size);
            let mut end = 0;
            for part in &parts {
                assert_eq!(part.range.offset, end);
                end += part.range.length;
            }
            assert_eq!(end, size);
            assert!((1..=10_000).contains(&parts.len()), "{size}: {}", parts.len());
        }
        assert_eq!(parts(9, 8).len(), 2);
    }
}
