//! How a vendor of S3's family says what all of them can.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::class::{Class, Codes};
use crate::config::Own;
use crate::place::Addressing;
use crate::uploader::Algorithm;
use crate::xml;

/// A vendor's names.
pub struct Names {
    /// The vendor's own headers begin so: `x-amz-`.
    pub prefix: &'static str,
    /// The vendor's own domain: there buckets are virtual hosts.
    pub domain: &'static str,
    /// How buckets are named at an endpoint that is neither the vendor's nor a mere address.
    pub elsewhere: Addressing,
    /// The language of answers and of the list of parts.
    pub format: Format,
    /// The digest that answers name beside the tag.
    pub checksum: Option<Checksum>,
    /// Whether an object of parts surely has the MD5 of their MD5s as its tag.
    pub tags_whole: bool,
    /// Encryption on the vendor's side, where one can ask for it.
    pub encryption: Option<Encryption>,
    /// Whether an object can be created with tags.
    pub tagging: bool,
    /// Whether temporary credentials exist.
    pub tokens: bool,
    /// Codes that S3 doesn't have, or means otherwise.
    pub codes: Codes,
    /// Members of the configuration that only this vendor has.
    pub members: Own,
}

/// A digest that answers name in a header.
#[derive(Clone, Copy)]
pub struct Checksum {
    /// The header.
    pub header: &'static str,
    /// Which digest.
    pub algorithm: Algorithm,
    /// How it is written.
    pub writing: Writing,
}

/// How a header writes a digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// As a decimal number.
    Decimal,
    /// In base64, after this label, beside others.
    Labelled(&'static str),
}

impl Checksum {
    /// A decimal number in this header.
    #[must_use]
    pub const fn decimal(header: &'static str, algorithm: Algorithm) -> Self {
        Self { header, algorithm, writing: Writing::Decimal }
    }

    /// Base64 after a label in this header.
    #[must_use]
    pub const fn labelled(header: &'static str, label: &'static str, algorithm: Algorithm) -> Self {
        Self { header, algorithm, writing: Writing::Labelled(label) }
    }

    /// The digest as the vendor writes it.
    #[must_use]
    pub fn written(&self, digest: &[u8]) -> String {
        match self.writing {
            Writing::Decimal => {
                let number = digest.iter().fold(0, |n: u64, byte| n << 8 | u64::from(*byte));
                number.to_string()
            }
            Writing::Labelled(label) => format!("{label}{}", STANDARD.encode(digest)),
        }
    }

    /// What a header's value says of this digest.
    #[must_use]
    pub fn find<'a>(&self, value: &'a str) -> Option<&'a str> {
        match self.writing {
            Writing::Decimal => Some(value.trim()),
            Writing::Labelled(label) => {
                value.split(',').map(str::trim).find(|part| part.starts_with(label))
            }
        }
    }
}

/// The values of `…server-side-encryption`.
#[derive(Clone, Copy)]
pub struct Encryption {
    /// With keys of the store's own.
    pub aes256: &'static str,
    /// With keys that are managed, and the header that names one of them.
    pub kms: Option<(&'static str, &'static str)>,
}

/// The language of answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// XML.
    Xml,
    /// JSON, with members that begin in lower case.
    Json,
}

impl Format {
    /// The text of a field by its XML name, if the document has it.
    #[must_use]
    pub fn text(self, document: &str, name: &str) -> Option<String> {
        match self {
            Self::Xml => xml::text(document, name),
            Self::Json => {
                let value: Value = serde_json::from_str(document).ok()?;
                Some(value.get(member(name))?.as_str()?.to_owned())
            }
        }
    }

    /// Whether the document says that something went wrong.
    #[must_use]
    pub fn is_error(self, document: &str) -> bool {
        match self {
            Self::Xml => xml::root(document) == Some("Error"),
            Self::Json => self.text(document, "Code").is_some(),
        }
    }

    /// The list of parts that ends an upload, and its media type.
    #[must_use]
    pub fn list(self, tags: &[&str]) -> (String, &'static str) {
        match self {
            Self::Xml => {
                let mut list = String::from("<CompleteMultipartUpload>");
                for (number, tag) in (1..).zip(tags) {
                    let tag = xml::escape(tag);
                    list += &format!(
                        "<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
                    );
                }
                (list + "</CompleteMultipartUpload>", "application/xml")
            }
            Self::Json => {
                let part = |(number, tag): (u32, &&str)| {
                    format!("{{\"partNumber\":{number},\"eTag\":{}}}", Value::from(*tag))
                };
                let parts: Vec<String> = (1..).zip(tags).map(part).collect();
                (format!("{{\"parts\":[{}]}}", parts.join(",")), "application/json")
            }
        }
    }
}

/// `UploadId` is `uploadId` in JSON.
fn member(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// S3's own codes and those of stores that speak its protocol.
pub const S3_CODES: Codes = &[
    ("InvalidAccessKeyId", Class::BadCredentials),
    ("SignatureDoesNotMatch", Class::BadCredentials),
    ("InvalidToken", Class::BadCredentials),
    ("InvalidSecurity", Class::BadCredentials),
    ("ExpiredToken", Class::ExpiredCredentials),
    ("TokenRefreshRequired", Class::ExpiredCredentials),
    ("RequestTimeTooSkewed", Class::ClockSkew),
    ("RequestExpired", Class::ClockSkew),
    ("NoSuchBucket", Class::NoBucket),
    ("AuthorizationHeaderMalformed", Class::WrongRegion),
    ("PermanentRedirect", Class::WrongRegion),
    ("IllegalLocationConstraintException", Class::WrongRegion),
    ("AccessDenied", Class::Denied),
    ("AllAccessDisabled", Class::Denied),
    ("AccountProblem", Class::Denied),
    ("NotSignedUp", Class::Denied),
    ("InvalidPayer", Class::Denied),
    ("QuotaExceeded", Class::Quota),
    ("XMinioAdminBucketQuotaExceeded", Class::Quota),
    ("XMinioStorageFull", Class::Quota),
    ("SlowDown", Class::Throttled),
    ("TooManyRequests", Class::Throttled),
    ("RequestLimitExceeded", Class::Throttled),
    ("ThrottlingException", Class::Throttled),
    ("Throttling", Class::Throttled),
    ("InternalError", Class::Transient),
    ("ServiceUnavailable", Class::Transient),
    ("RequestTimeout", Class::Transient),
    ("IncompleteBody", Class::Transient),
    ("OperationAborted", Class::Transient),
    ("TemporaryRedirect", Class::Transient),
    ("BadDigest", Class::Integrity),
    ("InvalidDigest", Class::Integrity),
    ("XAmzContentSHA256Mismatch", Class::Integrity),
    ("XAmzContentChecksumMismatch", Class::Integrity),
    ("NoSuchUpload", Class::UploadGone),
    // Parts that the vendor no longer holds are as lost as the whole upload.
    ("InvalidPart", Class::UploadGone),
    ("InvalidPartOrder", Class::UploadGone),
    ("PreconditionFailed", Class::AlreadyExists),
    ("FileAlreadyExists", Class::AlreadyExists),
    ("EntityTooSmall", Class::BadConfig),
    ("InvalidStorageClass", Class::BadConfig),
    ("InvalidEncryptionAlgorithmError", Class::BadConfig),
    ("InvalidTag", Class::BadConfig),
    ("InvalidBucketName", Class::BadConfig),
    ("NotImplemented", Class::BadConfig),
    ("MethodNotAllowed", Class::BadConfig),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_as_vendors_do() {
        let crc64 = Checksum::decimal("x", Algorithm::Crc64Xz);
        assert_eq!(
            crc64.written(&13_054_724_227_183_583_606_u64.to_be_bytes()),
            "13054724227183583606"
        );
        let crc32c = Checksum::labelled("x", "crc32c=", Algorithm::Crc32c);
        assert_eq!(crc32c.written(&[0x9f, 0x4d, 0xf1, 0xe8]), "crc32c=n03x6A==");
        assert_eq!(crc32c.find("md5=a==, crc32c=n03x6A=="), Some("crc32c=n03x6A=="));
    }

    #[test]
    fn both_languages_say_the_same() {
        let json = r#"{"uploadId":"a\"b","eTag":7}"#;
        assert_eq!(Format::Json.text(json, "UploadId").as_deref(), Some("a\"b"));
        assert_eq!(Format::Json.text(json, "ETag"), None);
        assert_eq!(
            Format::Xml.text("<a><UploadId>i</UploadId></a>", "UploadId").as_deref(),
            Some("i")
        );
        let (list, _) = Format::Json.list(&["a", "b"]);
        let expected = r#"{"parts":[{"partNumber":1,"eTag":"a"},{"partNumber":2,"eTag":"b"}]}"#;
        assert_eq!(list, expected);
        assert!(Format::Xml.list(&["a&b"]).0.contains("<ETag>a&amp;b</ETag>"));
    }

    proptest::proptest! {
        #[test]
        fn strangers_documents_are_read_or_not(document in "[<>/?! =&;aCode\"{}:\\[\\]\\\\u0-9\\n]{0,80}") {
            for format in [Format::Xml, Format::Json] {
                let _ = (format.is_error(&document), format.text(&document, "Code"));
            }
        }
    }
}
