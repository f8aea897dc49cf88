//! Storage "kingsoft": puts files into Kingsoft Cloud KS3.

mod region;

use capstan_store_kit::Family;
use capstan_store_kit::class::Class;
use capstan_store_kit::config::Form;
use capstan_store_kit::encode::encode_path;
use capstan_store_kit::family::{Checksum, Encryption, Format, Names, Settings};
use capstan_store_kit::header_signature::Words;
use capstan_store_kit::place::Addressing;
use capstan_store_kit::request::Draft;
use capstan_store_kit::uploader::Algorithm;

const WORDS: Words = Words { scheme: "KSS", prefix: "x-kss-" };

/// KS3, configured.
pub struct Kingsoft {
    settings: Settings,
}

impl Family for Kingsoft {
    const NAMES: Names = Names {
        prefix: "x-kss-",
        domain: "ksyuncs.com",
        elsewhere: Addressing::Domain,
        format: Format::Xml,
        checksum: Some(Checksum::decimal("x-kss-checksum-crc64ecma", Algorithm::Crc64Xz)),
        tags_whole: false,
        encryption: Some(Encryption { aes256: "AES256", kms: None }),
        tagging: true,
        tokens: true,
        codes: &[
            ("InvalidSecurityToken", Class::BadCredentials),
            ("OperationDenied", Class::Quota),
        ],
        members: &[(
            "storage_class",
            r#"{ "type": "string", "description": "STANDARD_IA, for example" }"#,
        )],
    };

    fn host(region: &str) -> Option<String> {
        region::host(region).map(Into::into)
    }

    fn with(settings: Settings, _form: &mut Form<'_>) -> Option<Self> {
        Some(Self { settings })
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sign(&self, draft: &mut Draft, _path: &str, now_ms: u64) {
        let key = Self::encode_key(&draft.key);
        WORDS.sign(draft, &self.settings, &key, now_ms);
    }

    /// KS3 wants the second of two slashes encoded, in the address as in the signature; a slash at the
    /// beginning is such a second one.
    fn encode_key(key: &str) -> String {
        let path = format!("/{}", encode_path(key)).replace("//", "/%2F");
        path.strip_prefix('/').unwrap_or_default().to_owned()
    }
}

capstan_store_kit::storage_plugin!(crate::Kingsoft);
