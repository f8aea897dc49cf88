//! Storage "azure": puts files into Azure Blob Storage as block blobs.
//!
//! An upload in parts begins without a request and can't be dropped: blocks are named by us, joined by a
//! list, and forgotten by the vendor after a week if no list names them. The vendor checks each block
//! by its MD5; that of the whole is stored with the blob, so that a look at it tells whose it is.

mod answers;
mod config;
mod requests;
pub mod shared_key;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_kit::json::Wrong;
use capstan_store_kit::answer::header;
use capstan_store_kit::contract::Endpoint;
use capstan_store_kit::encode::encode_path;
use capstan_store_kit::io::{FileRange, Moment, Request, Response, Segment};
use capstan_store_kit::uploader::{Algorithm, DigestRequest, Failure};
use capstan_store_kit::{Call, Cut, Facts, Vendor, Verdict};

pub use config::{Azure, account_key};

impl Vendor for Azure {
    fn schema() -> String {
        config::schema()
    }

    fn parse(config: &str) -> Result<Self, Vec<Wrong>> {
        config::parse(config)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![self.place.endpoint()]
    }

    fn url(&self, key: &str) -> String {
        let key = encode_path(key);
        match &self.public_url {
            Some(base) => format!("{base}/{key}"),
            None => self.place.url(&key),
        }
    }

    fn cut(&self) -> Cut {
        self.cut
    }

    fn digests(&self, range: FileRange, _multipart: bool) -> Vec<DigestRequest> {
        vec![md5_of(range)]
    }

    fn print(&self, digests: &[(Algorithm, Vec<u8>)]) -> Vec<u8> {
        digests.first().map(|(_, digest)| digest.clone()).unwrap_or_default()
    }

    fn whole_digests(&self, facts: &Facts) -> Vec<DigestRequest> {
        vec![md5_of(FileRange { offset: 0, length: facts.job.size })]
    }

    fn own_upload_id(&self, at: &Moment) -> Option<String> {
        Some(format!("{:016x}", at.random.0))
    }

    fn request(&self, facts: &Facts, call: Call, at: &Moment) -> Request {
        self.request_for(facts, call, at.now_ms)
    }

    fn refusal(&self, _call: Call, answer: &Response) -> Option<Failure> {
        answers::refusal(answer)
    }

    fn upload_id(&self, _answer: &Response) -> Option<String> {
        None
    }

    /// Blocks have names of ours and no tags: that the vendor took one is all there is to keep.
    fn tag(&self, call: Call, answer: &Response) -> Option<String> {
        match call {
            Call::Part(_) => Some("taken".into()),
            _ => header(answer, "etag").map(Into::into),
        }
    }

    fn verdict(&self, facts: &Facts, call: Call, answer: &Response) -> Verdict {
        let expected = match call {
            // It answers with the digest of the list, not of the blob.
            Call::Complete => return Verdict::Unknown,
            Call::Part(number) => facts.parts.get(number).map(|part| &part.print),
            _ if facts.multipart => facts.whole.first(),
            _ => facts.parts.first().map(|part| &part.print),
        };
        match (header(answer, "content-md5"), expected.map(|digest| STANDARD.encode(digest))) {
            (Some(claimed), Some(expected)) if claimed == expected => Verdict::Same,
            (Some(claimed), Some(expected)) => {
                Verdict::Differs(format!("the store's MD5 is {claimed}, sent was {expected}"))
            }
            _ => Verdict::Unknown,
        }
    }

    fn left_behind(&self) -> Option<&'static str> {
        Some("blocks that no list names are dropped by the vendor after a week")
    }
}

capstan_store_kit::storage_plugin!(crate::Azure);

/// Bytes as Azure writes digests.
#[must_use]
pub fn base64_of(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn md5_of(range: FileRange) -> DigestRequest {
    DigestRequest { algorithm: Algorithm::Md5, of: vec![Segment::File(range)] }
}
