//! Storage "huawei": puts files into Huawei Cloud OBS.

use capstan_store_kit::Family;
use capstan_store_kit::class::Class;
use capstan_store_kit::config::Form;
use capstan_store_kit::encode::encode_path;
use capstan_store_kit::family::{Encryption, Format, Names, Settings};
use capstan_store_kit::header_signature::Words;
use capstan_store_kit::place::Addressing;
use capstan_store_kit::request::Draft;

const WORDS: Words = Words { scheme: "OBS", prefix: "x-obs-" };

/// OBS, configured.
pub struct Huawei {
    settings: Settings,
}

impl Family for Huawei {
    const NAMES: Names = Names {
        prefix: "x-obs-",
        domain: "myhuaweicloud.com",
        elsewhere: Addressing::Domain,
        format: Format::Xml,
        checksum: None,
        tags_whole: false,
        encryption: Some(Encryption {
            aes256: "AES256",
            kms: Some(("kms", "x-obs-server-side-encryption-kms-key-id")),
        }),
        tagging: true,
        tokens: true,
        codes: &[
            ("InArrearOrInsufficientBalance", Class::Quota),
            ("InsufficientStorageSpace", Class::Quota),
            ("ServiceNotAvailable", Class::Transient),
        ],
        members: &[
            ("storage_class", r#"{ "type": "string", "description": "WARM, for example" }"#),
            (
                "sse_kms_key_id",
                r#"{ "type": "string", "description": "The key for sse kms; the default one if unsaid" }"#,
            ),
        ],
    };

    fn host(region: &str) -> Option<String> {
        Some(format!("obs.{region}.myhuaweicloud.com"))
    }

    fn with(settings: Settings, _form: &mut Form<'_>) -> Option<Self> {
        Some(Self { settings })
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sign(&self, draft: &mut Draft, _path: &str, now_ms: u64) {
        let key = encode_path(&draft.key);
        WORDS.sign(draft, &self.settings, &key, now_ms);
    }
}

capstan_store_kit::storage_plugin!(crate::Huawei);
