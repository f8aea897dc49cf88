//! What a vendor's trial must know of it: its plugin, a server in memory, and the words of both.

use std::marker::PhantomData;

use capstan_store_kit::class::{Class, lookup};
use capstan_store_kit::family::S3_CODES;
use capstan_store_kit::io::Response;
use capstan_store_kit::{Call, Family, Vendor};

use crate::bucket::Bucket;
use crate::host::Server;

/// A vendor on trial.
pub trait Shop {
    /// The plugin's vendor.
    type Vendor: Vendor;
    /// The vendor in memory.
    type Server: Server + Default;

    /// How many requests three parts take from beginning to end.
    const REQUESTS: usize;

    /// The object that has arrived.
    fn object(server: &Self::Server) -> Option<&[u8]>;

    /// Makes an older object of it.
    fn put_older(server: &mut Self::Server, object: Vec<u8>);

    /// Begun uploads that the vendor still holds.
    fn pending(server: &Self::Server) -> usize;

    /// Lets the vendor forget them.
    fn forget(server: &mut Self::Server);

    /// Words that only this request's line has.
    fn words(call: Call) -> &'static str;

    /// An answer of this class, with the request id `r1`.
    fn error(class: Class) -> Response;

    /// Makes every digest in an answer that of another object.
    fn spoil(response: &mut Response);
}

/// A vendor of S3's family on trial.
pub struct OfFamily<F>(PhantomData<F>);

impl<F: Family> Shop for OfFamily<F> {
    type Vendor = F;
    type Server = Bucket<F>;

    const REQUESTS: usize = 5;

    fn object(server: &Self::Server) -> Option<&[u8]> {
        server.object.as_deref()
    }

    fn put_older(server: &mut Self::Server, object: Vec<u8>) {
        server.object = Some(object);
        server.tag = "\"00000000000000000000000000000000-3\"".into();
    }

    fn pending(server: &Self::Server) -> usize {
        server.uploads.len()
    }

    fn forget(server: &mut Self::Server) {
        server.uploads.clear();
    }

    fn words(call: Call) -> &'static str {
        match call {
            Call::Put => "PUT",
            Call::Create => "POST ?uploads",
            Call::Part(0) => "partNumber=1",
            Call::Part(1) => "partNumber=2",
            Call::Part(_) => "partNumber=3",
            Call::Complete => "POST uploadId=",
            Call::Look => "HEAD",
            Call::Abort => "DELETE",
        }
    }

    fn error(class: Class) -> Response {
        let codes = [
            "SignatureDoesNotMatch",
            "RequestTimeTooSkewed",
            "NoSuchBucket",
            "AccessDenied",
            "SlowDown",
            "InternalError",
            "BadDigest",
        ];
        let is = |code: &&&str| lookup(&[S3_CODES], code) == Some(class);
        let code = codes.iter().find(is).unwrap_or_else(|| panic!("no {class:?}"));
        Bucket::<F>::error(if class == Class::Throttled { 503 } else { 400 }, code)
    }

    fn spoil(response: &mut Response) {
        for (name, value) in &mut response.headers {
            if name == "etag" {
                *value = "\"00000000000000000000000000000000\"".into();
            } else if name.contains("hash") || name.contains("crc") {
                *value = if value.contains('=') { "crc32c=AAAAAA==".into() } else { "1".into() };
            }
        }
        let body = String::from_utf8_lossy(&response.body).into_owned();
        if let Some(start) = body.find('-').map(|dash| dash - 32) {
            let zeros = "0".repeat(32);
            response.body = format!("{}{zeros}{}", &body[..start], &body[start + 32..]).into();
        }
    }
}
