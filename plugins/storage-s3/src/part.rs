//! One run of the file on its way: the whole of it, or one part of a multipart upload.

use crate::answer::header;
use crate::config::Config;
use crate::io::{FileRange, Response};
use crate::uploader::Algorithm;

/// The most parts that S3 takes.
const MAX_PARTS: u64 = 10_000;

/// A run of the file.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Part {
    pub(crate) range: FileRange,
    pub(crate) md5: Option<[u8; 16]>,
    pub(crate) sha256: Option<[u8; 32]>,
    /// The vendor's tag, once it has the part.
    pub(crate) etag: Option<String>,
    /// Whether its digests or its request are under way.
    pub(crate) started: bool,
}

impl Part {
    pub(crate) const fn new(offset: u64, length: u64) -> Self {
        let range = FileRange { offset, length };
        Self { range, md5: None, sha256: None, etag: None, started: false }
    }

    /// The digests still missing before it can be sent.
    pub(crate) fn missing(&self, config: &Config) -> Vec<Algorithm> {
        let md5 = self.md5.is_none().then_some(Algorithm::Md5);
        let sha256 = (config.sign_payload && self.sha256.is_none()).then_some(Algorithm::Sha256);
        md5.into_iter().chain(sha256).collect()
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

/// Whether the vendor holds what was sent, by its tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The tag is the digest.
    Same,
    /// The tag is another digest.
    Differs,
    /// The tag is no digest (encryption with managed keys, stores with tags of their own).
    Unknown,
}

/// Compares an answer's tag with what it must be: 32 hexadecimal digits, for a multipart object
/// followed by `-` and the number of parts.
pub(crate) fn verdict(response: &Response, etag: &str, expected: &str) -> Verdict {
    let managed = header(response, "x-amz-server-side-encryption")
        .is_some_and(|encryption| encryption.starts_with("aws:kms"));
    let bare = etag.trim_matches('"').to_ascii_lowercase();
    let digits = bare.split_once('-').map_or(bare.as_str(), |(digits, _)| digits);
    let is_digest = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if bare == expected {
        Verdict::Same
    } else if managed || !is_digest || bare.contains('-') != expected.contains('-') {
        Verdict::Unknown
    } else {
        Verdict::Differs
    }
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

    #[test]
    fn tags_are_digests_unless_the_vendor_encrypts_with_its_keys() {
        let plain = Response { status: 200, headers: vec![], body: vec![], truncated: false };
        let encryption = ("x-amz-server-side-encryption".to_owned(), "aws:kms".to_owned());
        let managed = Response { headers: vec![encryption], ..plain.clone() };
        let md5 = "8b896e3911a0fdf5474b9cb43e83ad44";
        let other = "\"0b896e3911a0fdf5474b9cb43e83ad44\"";
        let quoted = "\"8B896E3911A0FDF5474B9CB43E83AD44\"";
        assert_eq!(verdict(&plain, quoted, md5), Verdict::Same);
        assert_eq!(verdict(&plain, other, md5), Verdict::Differs);
        assert_eq!(verdict(&managed, other, md5), Verdict::Unknown);
        assert_eq!(verdict(&plain, "\"opaque\"", md5), Verdict::Unknown);
        let whole = format!("{md5}-2");
        assert_eq!(verdict(&plain, &format!("\"{whole}\""), &whole), Verdict::Same);
        assert_eq!(verdict(&plain, other, &whole), Verdict::Unknown);
    }
}
