//! Storage "qiniu": puts files into Qiniu Kodo.
//!
//! Small files go as a form, large ones by "resumable v2". A file is done when the vendor's hash equals
//! ours ([`qetag`]).

mod answers;
mod config;
pub mod qetag;
mod requests;
pub mod token;

use capstan_kit::json::Wrong;
use capstan_store_kit::contract::Endpoint;
use capstan_store_kit::encode::encode_path;
use capstan_store_kit::io::{FileRange, Moment, Request, Response, Segment};
use capstan_store_kit::uploader::{Algorithm, DigestRequest, Failure};
use capstan_store_kit::{Call, Cut, Facts, Vendor, Verdict};

pub use config::Qiniu;

impl Vendor for Qiniu {
    fn schema() -> String {
        config::schema()
    }

    fn parse(config: &str) -> Result<Self, Vec<Wrong>> {
        config::parse(config)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![self.upload_place.endpoint(), self.manage_place.endpoint()]
    }

    fn url(&self, key: &str) -> String {
        format!("{}/{}", self.public_url, encode_path(key))
    }

    fn cut(&self) -> Cut {
        self.cut
    }

    /// The hash is made of the SHA-1s of blocks; the vendor checks a form by CRC-32, a part by MD5.
    fn digests(&self, range: FileRange, multipart: bool) -> Vec<DigestRequest> {
        let of = |algorithm, range| DigestRequest { algorithm, of: vec![Segment::File(range)] };
        let check = if multipart { Algorithm::Md5 } else { Algorithm::Crc32 };
        let blocks = qetag::blocks(range).map(|block| of(Algorithm::Sha1, block));
        std::iter::once(of(check, range)).chain(blocks).collect()
    }

    fn print(&self, digests: &[(Algorithm, Vec<u8>)]) -> Vec<u8> {
        qetag::of_digests(digests)
    }

    fn whole_digests(&self, _facts: &Facts) -> Vec<DigestRequest> {
        Vec::new()
    }

    fn request(&self, facts: &Facts, call: Call, at: &Moment) -> Request {
        self.request_for(facts, call, at)
    }

    fn refusal(&self, _call: Call, answer: &Response) -> Option<Failure> {
        answers::refusal(answer)
    }

    fn is_absent(&self, answer: &Response) -> bool {
        [404, 612].contains(&answer.status)
    }

    fn upload_id(&self, answer: &Response) -> Option<String> {
        answers::text(answer, "uploadId")
    }

    fn tag(&self, call: Call, answer: &Response) -> Option<String> {
        answers::text(answer, if matches!(call, Call::Part(_)) { "etag" } else { "hash" })
    }

    fn verdict(&self, facts: &Facts, call: Call, answer: &Response) -> Verdict {
        let expected = match call {
            Call::Part(number) => facts.parts.get(number).map(|part| part.print.clone()),
            _ => Some(hash_of(facts)),
        };
        match (self.tag(call, answer), expected.map(|digest| qetag::written(&digest))) {
            (Some(hash), Some(expected)) if hash == expected => Verdict::Same,
            (Some(hash), Some(expected)) => {
                Verdict::Differs(format!("the store's hash is {hash}, sent was {expected}"))
            }
            _ => Verdict::Unknown,
        }
    }

    fn length(&self, answer: &Response) -> Option<u64> {
        answers::number(answer, "fsize")
    }
}

capstan_store_kit::storage_plugin!(crate::Qiniu);

/// The hash that the object must have.
fn hash_of(facts: &Facts) -> Vec<u8> {
    let parts = facts.parts.iter().map(|part| (part.range.length, part.print.clone()));
    qetag::of_parts(&parts.collect::<Vec<_>>())
}
