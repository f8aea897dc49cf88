//! What the storage plugins' tests share: a host that runs an upload without a network, a bucket of S3's
//! family in memory, promises that every plugin keeps, and the vectors of the vendors' SDKs.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "for tests")]

mod bucket;
mod digest;
mod host;
pub mod promises;
mod shop;
mod stranger;
pub mod vector;

pub use bucket::Bucket;
pub use digest::digest;
pub use host::{Fault, MIB, NOW_MS, Server, Trial, answer, job};
pub use shop::{OfFamily, Shop};
pub use stranger::Stranger;

use capstan_store_kit::Vendor;
use capstan_store_kit::uploader::FailureKind;

/// A vendor of this configuration, which must be right.
#[must_use]
pub fn vendor<V: Vendor>(config: &str) -> V {
    V::parse(config).unwrap_or_else(|wrongs| panic!("{config}: {wrongs:?}"))
}

/// What is wrong with a configuration, in one line; no secret may be in it.
#[must_use]
pub fn refused<V: Vendor>(config: &str) -> String {
    let wrongs = V::parse(config).err().unwrap_or_default();
    let said: Vec<String> = wrongs.iter().map(ToString::to_string).collect();
    let said = said.join("; ");
    assert!(!said.contains("hush"), "{said}");
    said
}

/// Status, headers and body of an answer, and the class that it must have.
pub type Refused<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, FailureKind);

/// Checks the class of each answer.
pub fn classes<V: Vendor>(config: &str, table: &[Refused<'_>]) {
    let vendor: V = vendor(config);
    for (status, headers, body, expected) in table {
        let answer = host::response(*status, headers, body);
        let failure = vendor.refusal(capstan_store_kit::Call::Put, &answer);
        let failure = failure.unwrap_or_else(|| panic!("{status} {body} is no refusal"));
        assert_eq!(&failure.kind, expected, "{status} {body}");
    }
}
