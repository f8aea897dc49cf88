//! Storage "baidu": puts files into Baidu BOS, which says in JSON what S3 says in XML.

mod signature;

use capstan_store_kit::Family;
use capstan_store_kit::class::Class;
use capstan_store_kit::config::Form;
use capstan_store_kit::family::{Checksum, Encryption, Format, Names, Settings};
use capstan_store_kit::place::Addressing;
use capstan_store_kit::request::Draft;
use capstan_store_kit::uploader::Algorithm;

pub use signature::authorization;

/// BOS, configured.
pub struct Baidu {
    settings: Settings,
}

impl Family for Baidu {
    const NAMES: Names = Names {
        prefix: "x-bce-",
        domain: "bcebos.com",
        elsewhere: Addressing::Domain,
        format: Format::Json,
        checksum: Some(Checksum::decimal("x-bce-content-crc32", Algorithm::Crc32)),
        tags_whole: false,
        encryption: Some(Encryption { aes256: "AES256", kms: None }),
        tagging: true,
        tokens: true,
        codes: &[
            ("AccountOverdue", Class::Quota),
            ("InvalidHTTPAuthHeader", Class::BadCredentials),
            ("InvalidSessionToken", Class::BadCredentials),
            ("RequestExpired", Class::ClockSkew),
            ("InvalidEncryptionAlgorithm", Class::BadConfig),
        ],
        members: &[(
            "storage_class",
            r#"{ "type": "string", "description": "STANDARD_IA, for example" }"#,
        )],
    };

    fn host(region: &str) -> Option<String> {
        Some(format!("{region}.bcebos.com"))
    }

    fn region(form: &mut Form<'_>) -> Option<String> {
        form.region(None).map(|name| short(&name).to_owned())
    }

    fn with(settings: Settings, _form: &mut Form<'_>) -> Option<Self> {
        Some(Self { settings })
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sign(&self, draft: &mut Draft, path: &str, now_ms: u64) {
        signature::sign(draft, &self.settings, path, now_ms);
    }
}

capstan_store_kit::storage_plugin!(crate::Baidu);

/// Regions go by short names in hosts; long ones are what people write.
fn short(region: &str) -> &str {
    match region {
        "beijing" => "bj",
        "baoding" => "bd",
        "suzhou" => "su",
        "guangzhou" => "gz",
        "chengdu" => "cd",
        "hongkong" | "hong-kong" => "hkg",
        "singapore" => "sin",
        "wuhan" => "fwh",
        "shanghai" => "fsh",
        short => short,
    }
}
