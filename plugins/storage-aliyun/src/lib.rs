//! Storage "aliyun": puts files into Aliyun OSS, signed with its version 4, or 1 for private clouds that
//! have no other.

mod codes;
mod v4;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_store_kit::Family;
use capstan_store_kit::answer::{Refusal, header, text};
use capstan_store_kit::class::Class;
use capstan_store_kit::config::Form;
use capstan_store_kit::family::{Checksum, Encryption, Format, Names, Settings};
use capstan_store_kit::header_signature::Words;
use capstan_store_kit::io::Response;
use capstan_store_kit::place::Addressing;
use capstan_store_kit::request::Draft;
use capstan_store_kit::uploader::Algorithm;

/// OSS's words for the older signature.
const V1: Words = Words { scheme: "OSS", prefix: "x-oss-" };

/// The schema of `signature`.
const SIGNATURE: &str = r#"{
      "enum": ["v4", "v1"],
      "default": "v4",
      "description": "v1 is for private clouds; the public one refuses it for new buckets"
    }"#;

/// OSS, configured.
pub struct Aliyun {
    settings: Settings,
    version: Version,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V4,
    V1,
}

impl Family for Aliyun {
    const NAMES: Names = Names {
        prefix: "x-oss-",
        domain: "aliyuncs.com",
        elsewhere: Addressing::Domain,
        format: Format::Xml,
        checksum: Some(Checksum::decimal("x-oss-hash-crc64ecma", Algorithm::Crc64Xz)),
        tags_whole: false,
        encryption: Some(Encryption {
            aes256: "AES256",
            kms: Some(("KMS", "x-oss-server-side-encryption-key-id")),
        }),
        tagging: true,
        tokens: true,
        codes: codes::CODES,
        members: &[
            ("storage_class", r#"{ "type": "string", "description": "IA, for example" }"#),
            (
                "sse_kms_key_id",
                r#"{ "type": "string", "description": "The key for sse kms; the service's if unsaid" }"#,
            ),
            ("signature", SIGNATURE),
        ],
    };

    fn host(region: &str) -> Option<String> {
        Some(format!("oss-{region}.aliyuncs.com"))
    }

    /// Without the host's prefix: `cn-hangzhou`, not `oss-cn-hangzhou`.
    fn region(form: &mut Form<'_>) -> Option<String> {
        form.region(None).map(|name| name.trim_start_matches("oss-").to_owned())
    }

    fn with(settings: Settings, form: &mut Form<'_>) -> Option<Self> {
        Some(Self { settings, version: version(form)? })
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sign(&self, draft: &mut Draft, _path: &str, now_ms: u64) {
        match self.version {
            Version::V4 => v4::sign(draft, &self.settings, now_ms),
            Version::V1 => {
                let key = draft.key.clone();
                V1.sign(draft, &self.settings, &key, now_ms);
            }
        }
    }

    /// An answer to HEAD has its document in a header.
    fn error_text(answer: &Response) -> String {
        let in_header = header(answer, "x-oss-err").and_then(|text| STANDARD.decode(text).ok());
        in_header.map_or_else(|| text(answer), |xml| String::from_utf8_lossy(&xml).into_owned())
    }

    /// A bucket elsewhere is told by words: version 1 is refused with the right endpoint, version 4
    /// for its region.
    fn class(refusal: &Refusal) -> Option<Class> {
        let (code, message) = (refusal.code.as_deref()?, refusal.message.as_deref()?);
        let elsewhere = match code {
            "AccessDenied" => message.contains("specified endpoint"),
            "InvalidArgument" => message.contains("signing region"),
            _ => false,
        };
        elsewhere.then_some(Class::WrongRegion)
    }
}

capstan_store_kit::storage_plugin!(crate::Aliyun);

fn version(form: &mut Form<'_>) -> Option<Version> {
    match form.top.text("signature") {
        None | Some("v4") => Some(Version::V4),
        Some("v1") => Some(Version::V1),
        Some(_) => {
            form.top.wrong("signature", "must be v4 or v1");
            None
        }
    }
}
