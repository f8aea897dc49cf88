//! The six requests of an upload.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Upload;
use crate::io::Method;
use crate::part::Part;
use crate::request::{self, Body};
use crate::sigv4::encode;
use crate::xml;

/// Which request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Call {
    /// The whole object.
    Put,
    /// Begins a multipart upload.
    Create,
    /// One part, counted from 0.
    Part(usize),
    /// Ends it.
    Complete,
    /// Asks what is there.
    Head,
    /// Drops it.
    Abort,
}

impl Upload {
    /// A request of this upload, not signed yet.
    pub(super) fn request(&self, call: Call) -> request::Call<'_> {
        let upload_id = self.upload_id.as_deref().unwrap_or_default();
        let (method, query, headers, body) = match call {
            Call::Put => {
                let part = self.parts.first();
                let mut headers = self.object_headers();
                headers.extend(part.and_then(content_md5));
                (Method::Put, vec![], headers, body(part))
            }
            Call::Create => {
                (Method::Post, vec![("uploads", String::new())], self.object_headers(), Body::Empty)
            }
            Call::Part(number) => {
                let part = self.parts.get(number);
                let query = vec![
                    ("partNumber", (number + 1).to_string()),
                    ("uploadId", upload_id.to_owned()),
                ];
                (Method::Put, query, part.and_then(content_md5).into_iter().collect(), body(part))
            }
            Call::Complete => {
                let list = self.list_of_parts().into_bytes();
                (Method::Post, vec![("uploadId", upload_id.into())], vec![], Body::Bytes(list))
            }
            Call::Head => (Method::Head, vec![], vec![], Body::Empty),
            Call::Abort => {
                (Method::Delete, vec![("uploadId", upload_id.into())], vec![], Body::Empty)
            }
        };
        request::Call { method, key: &self.job.key, query, headers, body }
    }

    /// What the object is created with.
    fn object_headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![("content-type".to_owned(), self.job.content_type.clone())];
        let own = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        headers.extend(self.config.object_headers.iter().map(own));
        // Headers are ASCII; whatever else a value holds is percent-encoded.
        let meta = |(name, value): &(String, String)| {
            let plain = value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
            let value = if plain { value.clone() } else { encode(value) };
            (format!("x-amz-meta-{name}"), value)
        };
        headers.extend(self.job.tags.iter().map(meta));
        headers
    }

    fn list_of_parts(&self) -> String {
        let mut list = String::from(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
        );
        for (number, part) in (1..).zip(&self.parts) {
            let etag = xml::escape(part.etag.as_deref().unwrap_or_default());
            list += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
        }
        list + "</CompleteMultipartUpload>"
    }
}

/// The digest that the store compares with what arrives, whatever its tags say later.
fn content_md5(part: &Part) -> Option<(String, String)> {
    part.md5.map(|md5| ("content-md5".to_owned(), STANDARD.encode(md5)))
}

fn body(part: Option<&Part>) -> Body {
    part.map_or(Body::Empty, |part| Body::File(part.range, part.sha256.map(hex::encode)))
}
