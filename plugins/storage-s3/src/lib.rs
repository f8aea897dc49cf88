//! Storage "s3": puts files into Amazon S3, or any store that speaks its protocol.
//!
//! Small files go in one request, large ones in parts. A file is done when the vendor's digest equals
//! the host's (or, where the vendor encrypts with keys of its own, when the vendor checked the
//! digest that was sent and the length is right).

use capstan_kit::json::Wrong;
use capstan_store_kit::Family;
use capstan_store_kit::config::{self, Form};
use capstan_store_kit::family::{Encryption, Format, Names, Settings};
use capstan_store_kit::io::Transport;
use capstan_store_kit::place::Addressing;
use capstan_store_kit::request::Draft;
use capstan_store_kit::sigv4::sign_for_s3;

/// Agora's number for any store that speaks S3's protocol.
const OTHER_STORE: u64 = 11;

/// Properties of the configuration that only this plugin has.
const OWN: &str = r#"
    "storage_class": { "type": "string", "description": "STANDARD_IA, for example" },
    "sse_kms_key_id": { "type": "string", "description": "The key for sse kms; the bucket's if unsaid" },
    "sign_payload": {
      "type": "boolean",
      "description": "Hash and sign bodies; if unsaid only over plain HTTP"
    }"#;

/// S3, configured.
pub struct S3 {
    settings: Settings,
    /// Whether bodies are hashed and signed; over TLS that adds nothing but work.
    sign_payload: bool,
}

impl Family for S3 {
    const NAMES: Names = Names {
        prefix: "x-amz-",
        domain: "amazonaws.com",
        elsewhere: Addressing::Path,
        format: Format::Xml,
        checksum: None,
        tags_whole: true,
        encryption: Some(Encryption {
            aes256: "AES256",
            kms: Some(("aws:kms", "x-amz-server-side-encryption-aws-kms-key-id")),
        }),
        tagging: true,
        tokens: true,
        codes: &[],
    };

    fn schema() -> String {
        config::schema(OWN)
    }

    fn parse(config: &str) -> Result<Self, Vec<Wrong>> {
        config::read(config, &["storage_class", "sse_kms_key_id", "sign_payload"], |form| {
            let region = region(form);
            let sign_payload = form.top.flag("sign_payload");
            let settings = Settings::read(form, &Self::NAMES, region, |region| Some(host(region)))?;
            let plain = settings.place.transport == Transport::Http;
            Some(Self { sign_payload: sign_payload.unwrap_or(plain), settings })
        })
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sign(&self, draft: &mut Draft, path: &str, now_ms: u64) {
        sign_for_s3(draft, &self.settings, path, now_ms);
    }

    fn signs_bodies(&self) -> bool {
        self.sign_payload
    }
}

capstan_store_kit::storage_plugin!(crate::S3);

/// Amazon's store of a region, by the partition it lies in.
fn host(region: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else if region.starts_with("eusc-") {
        "amazonaws.eu"
    } else {
        "amazonaws.com"
    };
    format!("s3.{region}.{domain}")
}

/// The region's name. Stores of others mostly take any; theirs is `us-east-1` if unsaid.
fn region(form: &mut Form<'_>) -> Option<String> {
    let named = |value: Option<&str>| value.is_some_and(|text| !text.is_empty());
    let other = named(form.extra.text("endpoint")) || named(form.top.text("endpoint"));
    if !other && form.top.value("vendor").and_then(|vendor| vendor.as_u64()) == Some(OTHER_STORE) {
        let missing = "is missing: vendor 11 is a store at an address of its own";
        form.extra.wrong("endpoint", missing);
        return None;
    }
    form.region(other.then_some("us-east-1"))
}
