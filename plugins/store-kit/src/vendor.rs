//! What a vendor says of itself, so that the engine can upload to it.

use capstan_kit::json::Wrong;

use crate::answer::header;
use crate::contract::Endpoint;
use crate::io::{FileRange, Moment, Request, Response};
use crate::part::Part;
use crate::uploader::{Algorithm, DigestRequest, Failure, Job};

/// Which request of an upload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// The whole object.
    Put,
    /// Begins an upload in parts.
    Create,
    /// One part, counted from 0.
    Part(usize),
    /// Makes the object of the parts.
    Complete,
    /// Asks what is there.
    Look,
    /// Drops the parts.
    Abort,
}

/// How a file is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Files of at least so many bytes go in parts.
    pub threshold: u64,
    /// Bytes of a part; all but the last are so long.
    pub part_size: u64,
    /// Parts under way at once.
    pub parallel: usize,
}

/// What is known of an upload.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    /// The job.
    pub job: Job,
    /// Whether it goes in parts.
    pub multipart: bool,
    /// The vendor's name for an upload in parts, once it is begun.
    pub upload_id: Option<String>,
    /// The whole file, or its parts.
    pub parts: Vec<Part>,
    /// What [`Vendor::whole_digests`] asked for, in that order; complete when the parts are to be
    /// joined.
    pub whole: Vec<Vec<u8>>,
}

impl Facts {
    /// The upload's id; empty if none is begun.
    #[must_use]
    pub fn id(&self) -> &str {
        self.upload_id.as_deref().unwrap_or_default()
    }
}

/// Whether the vendor holds what was sent, by its own word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It names the same digest.
    Same,
    /// It names another digest; which, against which.
    Differs(String),
    /// It names none that can be compared.
    Unknown,
}

/// A vendor, configured.
pub trait Vendor: Sized + 'static {
    /// The JSON Schema of the configuration.
    fn schema() -> String;

    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Everything wrong with it, without repeating a value.
    fn parse(config: &str) -> Result<Self, Vec<Wrong>>;

    /// The places that this configuration needs.
    fn endpoints(&self) -> Vec<Endpoint>;

    /// An object's address for people and players.
    fn url(&self, key: &str) -> String;

    /// How files are cut.
    fn cut(&self) -> Cut;

    /// The digests that must be known before this run of the file is sent: the whole, or one part.
    fn digests(&self, range: FileRange, multipart: bool) -> Vec<DigestRequest>;

    /// What is worth keeping of a run's digests, at most 32 bytes.
    fn print(&self, digests: &[(Algorithm, Vec<u8>)]) -> Vec<u8>;

    /// The digests that must be known before the parts are joined.
    fn whole_digests(&self, facts: &Facts) -> Vec<DigestRequest>;

    /// An upload id of our own making, where beginning takes no request.
    fn own_upload_id(&self, _at: &Moment) -> Option<String> {
        None
    }

    /// A request, signed for this moment.
    fn request(&self, facts: &Facts, call: Call, at: &Moment) -> Request;

    /// Why the vendor refused; `None` if it didn't.
    fn refusal(&self, call: Call, answer: &Response) -> Option<Failure>;

    /// Whether a refusal means that there is no such object.
    fn is_absent(&self, answer: &Response) -> bool {
        answer.status == 404
    }

    /// The upload's id in the answer to [`Call::Create`].
    fn upload_id(&self, answer: &Response) -> Option<String>;

    /// The tag that an answer gives to a part or an object.
    fn tag(&self, _call: Call, answer: &Response) -> Option<String> {
        header(answer, "etag").map(Into::into)
    }

    /// Whether the vendor holds what was sent.
    fn verdict(&self, facts: &Facts, call: Call, answer: &Response) -> Verdict;

    /// The object's length in the answer to [`Call::Look`].
    fn length(&self, answer: &Response) -> Option<u64> {
        header(answer, "content-length")?.parse().ok()
    }

    /// What becomes of parts that no request can drop; `None` where one can.
    fn left_behind(&self) -> Option<&'static str> {
        None
    }
}
