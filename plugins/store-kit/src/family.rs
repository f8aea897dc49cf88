//! Vendors whose protocol is S3's with other names: the same six requests, tags that are MD5s, XML (or
//! JSON of the same shape). What differs is data in [`Names`], and the signature.

mod answers;
mod names;
mod requests;
mod settings;

use capstan_kit::json::Wrong;

use crate::answer::{Refusal, text};
use crate::class::{Class, lookup};
use crate::config::{self, Form};
use crate::contract::Endpoint;
use crate::encode::encode_path;
use crate::io::{FileRange, Moment, Request, Response, Segment};
use crate::request::Draft;
use crate::uploader::{Algorithm, DigestRequest, Failure};
use crate::vendor::{Call, Cut, Facts, Vendor, Verdict};

pub use names::{Checksum, Encryption, Format, Names, S3_CODES};
pub use settings::Settings;

/// A vendor of S3's family.
pub trait Family: Sized + 'static {
    /// How it says what all of them can.
    const NAMES: Names;

    /// The vendor's own store of a region, if it has that region.
    fn host(region: &str) -> Option<String>;

    /// The region's name, as it is signed.
    fn region(form: &mut Form<'_>) -> Option<String> {
        form.region(None)
    }

    /// The vendor with these settings, and with what members of its own say.
    fn with(settings: Settings, form: &mut Form<'_>) -> Option<Self>;

    /// What all of them are configured with.
    fn settings(&self) -> &Settings;

    /// Signs: adds date, token and signature. `path` is the path on the wire.
    fn sign(&self, draft: &mut Draft, path: &str, now_ms: u64);

    /// Whether bodies are hashed with SHA-256 for the signature.
    fn signs_bodies(&self) -> bool {
        false
    }

    /// A key as it stands in a path.
    fn encode_key(key: &str) -> String {
        encode_path(key)
    }

    /// The document in an error's answer.
    fn error_text(answer: &Response) -> String {
        text(answer)
    }

    /// The class of a refusal that its code alone doesn't tell.
    fn class(_refusal: &Refusal) -> Option<Class> {
        None
    }
}

impl<F: Family> Vendor for F {
    fn schema() -> String {
        config::schema(Self::NAMES.members)
    }

    fn parse(config: &str) -> Result<Self, Vec<Wrong>> {
        config::read(config, Self::NAMES.members, |form| {
            let region = Self::region(form);
            let settings = Settings::read(form, &Self::NAMES, region, Self::host);
            Self::with(settings?, form)
        })
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![self.settings().place.endpoint()]
    }

    fn url(&self, key: &str) -> String {
        let settings = self.settings();
        match &settings.public_url {
            Some(base) => format!("{base}/{}", encode_path(key)),
            None => settings.place.url(&Self::encode_key(key)),
        }
    }

    fn cut(&self) -> Cut {
        self.settings().cut
    }

    fn digests(&self, range: FileRange, multipart: bool) -> Vec<DigestRequest> {
        let checksum = Self::NAMES.checksum.filter(|_| !multipart).map(|sum| sum.algorithm);
        let sha256 = self.signs_bodies().then_some(Algorithm::Sha256);
        let of = |algorithm| DigestRequest { algorithm, of: vec![Segment::File(range)] };
        [Some(Algorithm::Md5), checksum, sha256].into_iter().flatten().map(of).collect()
    }

    fn print(&self, digests: &[(Algorithm, Vec<u8>)]) -> Vec<u8> {
        let md5 = digests.iter().find(|(algorithm, _)| *algorithm == Algorithm::Md5);
        md5.map(|(_, digest)| digest.clone()).unwrap_or_default()
    }

    /// The tag of an object of parts is the MD5 of their MD5s.
    fn whole_digests(&self, facts: &Facts) -> Vec<DigestRequest> {
        let prints = facts.parts.iter().flat_map(|part| part.print.clone()).collect();
        let of = vec![Segment::Bytes(prints)];
        let tag = DigestRequest { algorithm: Algorithm::Md5, of };
        let file = FileRange { offset: 0, length: facts.job.size };
        let checksum = Self::NAMES.checksum.map(|checksum| DigestRequest {
            algorithm: checksum.algorithm,
            of: vec![Segment::File(file)],
        });
        std::iter::once(tag).chain(checksum).collect()
    }

    fn request(&self, facts: &Facts, call: Call, at: &Moment) -> Request {
        let mut draft = requests::draft(&Self::NAMES, self.settings(), facts, call);
        let (place, key) = (&self.settings().place, Self::encode_key(&facts.job.key));
        self.sign(&mut draft, &place.path(&key), at.now_ms);
        draft.to_place(place, &key)
    }

    fn refusal(&self, call: Call, answer: &Response) -> Option<Failure> {
        let document = Self::error_text(answer);
        let refusal = answers::refusal(&Self::NAMES, call, answer, &document)?;
        let by_code = || {
            let code = refusal.code.as_deref()?;
            let by_name = code.starts_with("KMS.").then_some(Class::BadConfig);
            lookup(&[Self::NAMES.codes, S3_CODES], code).or(by_name)
        };
        let class = Self::class(&refusal).or_else(by_code);
        Some(refusal.failure(class))
    }

    fn upload_id(&self, answer: &Response) -> Option<String> {
        Self::NAMES.format.text(&text(answer), "UploadId")
    }

    fn tag(&self, call: Call, answer: &Response) -> Option<String> {
        answers::tag(&Self::NAMES, call, answer)
    }

    fn verdict(&self, facts: &Facts, call: Call, answer: &Response) -> Verdict {
        answers::verdict(&Self::NAMES, facts, call, answer)
    }
}
