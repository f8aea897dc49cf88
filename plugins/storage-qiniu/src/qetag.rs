//! Kodo's hash of an object: SHA-1s of blocks, and of those where there are several, behind a byte that
//! says which.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use capstan_store_kit::io::FileRange;
use capstan_store_kit::mac::sha1;
use capstan_store_kit::uploader::Algorithm;

/// The length of a block, in bytes.
pub const BLOCK: u64 = 4 << 20;

/// The hash is of one block.
const ONE_BLOCK: u8 = 0x16;
/// The hash is of the digests of blocks.
const BLOCKS: u8 = 0x96;
/// The hash is of the digests of parts that are no blocks.
const PARTS: u8 = 0x9e;

/// The blocks of a run; an empty run has an empty one.
pub fn blocks(range: FileRange) -> impl Iterator<Item = FileRange> {
    (0..range.length.div_ceil(BLOCK).max(1)).map(move |number| {
        let at = number * BLOCK;
        FileRange { offset: range.offset + at, length: BLOCK.min(range.length - at) }
    })
}

/// The hash of a run by the SHA-1s of its blocks.
#[must_use]
pub fn of_digests(digests: &[(Algorithm, Vec<u8>)]) -> Vec<u8> {
    let of_blocks = digests.iter().filter(|(algorithm, _)| *algorithm == Algorithm::Sha1);
    let digests: Vec<&[u8]> = of_blocks.map(|(_, digest)| &**digest).collect();
    match digests.as_slice() {
        [one] => marked(ONE_BLOCK, one),
        several => marked(BLOCKS, &sha1(&several.concat())),
    }
}

/// The hash of an object by the lengths and hashes of its parts. Parts of one block each make what
/// blocks make.
#[must_use]
pub fn of_parts(parts: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let (last, others) = match parts {
        [(_, one)] => return one.clone(),
        [others @ .., last] => (last, others),
        [] => return Vec::new(),
    };
    let are_blocks = last.0 <= BLOCK && others.iter().all(|(length, _)| *length == BLOCK);
    let digests: Vec<u8> =
        parts.iter().flat_map(|(_, hash)| hash.iter().skip(1)).copied().collect();
    marked(if are_blocks { BLOCKS } else { PARTS }, &sha1(&digests))
}

/// A hash as answers have it.
#[must_use]
pub fn written(hash: &[u8]) -> String {
    URL_SAFE.encode(hash)
}

fn marked(mark: u8, digest: &[u8]) -> Vec<u8> {
    std::iter::once(mark).chain(digest.iter().copied()).collect()
}
