//! Storage "google": puts files into Google Cloud Storage through its XML API, signed with an HMAC key as
//! S3 has it.

use capstan_store_kit::Family;
use capstan_store_kit::class::Class;
use capstan_store_kit::config::Form;
use capstan_store_kit::family::{Checksum, Format, Names, Settings};
use capstan_store_kit::place::Addressing;
use capstan_store_kit::request::Draft;
use capstan_store_kit::sigv4::sign_for_s3;
use capstan_store_kit::uploader::Algorithm;

/// The region that signatures name: any is taken, and buckets are found without one.
const REGION: &str = "auto";

/// Cloud Storage, configured.
pub struct Google {
    settings: Settings,
}

impl Family for Google {
    const NAMES: Names = Names {
        prefix: "x-amz-",
        domain: "googleapis.com",
        elsewhere: Addressing::Path,
        format: Format::Xml,
        checksum: Some(Checksum::labelled("x-goog-hash", "crc32c=", Algorithm::Crc32c)),
        tags_whole: false,
        encryption: None,
        tagging: false,
        tokens: false,
        codes: &[
            ("UserProjectAccountProblem", Class::Quota),
            ("AccountProblem", Class::Quota),
            ("RateLimitExceeded", Class::Throttled),
        ],
        members: &[(
            "storage_class",
            r#"{ "type": "string", "description": "NEARLINE, for example" }"#,
        )],
    };

    fn host(_region: &str) -> Option<String> {
        Some("storage.googleapis.com".into())
    }

    fn region(_form: &mut Form<'_>) -> Option<String> {
        Some(REGION.into())
    }

    fn with(settings: Settings, _form: &mut Form<'_>) -> Option<Self> {
        Some(Self { settings })
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sign(&self, draft: &mut Draft, path: &str, now_ms: u64) {
        sign_for_s3(draft, &self.settings, path, now_ms);
    }
}

capstan_store_kit::storage_plugin!(crate::Google);
