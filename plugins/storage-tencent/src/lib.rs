//! Storage "tencent": puts files into Tencent COS.

mod signature;

use capstan_store_kit::Family;
use capstan_store_kit::answer::Refusal;
use capstan_store_kit::class::Class;
use capstan_store_kit::config::Form;
use capstan_store_kit::family::{Checksum, Encryption, Format, Names, Settings};
use capstan_store_kit::place::Addressing;
use capstan_store_kit::request::Draft;
use capstan_store_kit::uploader::Algorithm;

/// COS, configured. The bucket's name ends in `-` and the account's APPID.
pub struct Tencent {
    settings: Settings,
}

impl Family for Tencent {
    const NAMES: Names = Names {
        prefix: "x-cos-",
        domain: "myqcloud.com",
        elsewhere: Addressing::Domain,
        format: Format::Xml,
        checksum: Some(Checksum::decimal("x-cos-hash-crc64ecma", Algorithm::Crc64Xz)),
        tags_whole: false,
        encryption: Some(Encryption {
            aes256: "AES256",
            kms: Some(("cos/kms", "x-cos-server-side-encryption-cos-kms-key-id")),
        }),
        tagging: true,
        tokens: true,
        codes: &[("UnavailableForLegalReasons", Class::Quota)],
        members: &[
            ("storage_class", r#"{ "type": "string", "description": "STANDARD_IA, for example" }"#),
            (
                "sse_kms_key_id",
                r#"{ "type": "string", "description": "The key for sse kms; COS's own if unsaid" }"#,
            ),
        ],
    };

    fn host(region: &str) -> Option<String> {
        Some(format!("cos.{region}.myqcloud.com"))
    }

    fn with(settings: Settings, _form: &mut Form<'_>) -> Option<Self> {
        Some(Self { settings })
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sign(&self, draft: &mut Draft, _path: &str, now_ms: u64) {
        signature::sign(draft, &self.settings, now_ms);
    }

    /// A signature out of its window is refused with words only.
    fn class(refusal: &Refusal) -> Option<Class> {
        let over = refusal.code.as_deref() == Some("AccessDenied")
            && refusal.message.as_deref().is_some_and(|words| words.contains("expired"));
        match refusal.status {
            451 => Some(Class::Quota),
            _ => over.then_some(Class::ClockSkew),
        }
    }
}

capstan_store_kit::storage_plugin!(crate::Tencent);
