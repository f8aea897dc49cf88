//! Storage "s3": puts files into Amazon S3, or any store that speaks its protocol.
//!
//! Small files go in one request, large ones in parts. A file is done when the vendor's digest equals
//! the host's (or, where the vendor encrypts with keys of its own, when the vendor checked the
//! digest that was sent and the length is right).

use capstan_store_kit::Family;
use capstan_store_kit::config::Form;
use capstan_store_kit::family::{Encryption, Format, Names, Settings};
use capstan_store_kit::io::Transport;
use capstan_store_kit::place::Addressing;
use capstan_store_kit::request::Draft;
use capstan_store_kit::sigv4::sign_for_s3;

/// Agora's number for any store that speaks S3's protocol.
const OTHER_STORE: u64 = 11;

/// The schema of `sign_payload`.
const SIGN_PAYLOAD: &str = r#"{
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
        members: &[
            ("storage_class", r#"{ "type": "string", "description": "STANDARD_IA, for example" }"#),
            (
                "sse_kms_key_id",
                r#"{ "type": "string", "description": "The key for sse kms; the bucket's if unsaid" }"#,
            ),
            ("sign_payload", SIGN_PAYLOAD),
        ],
    };

    /// Amazon's store of a region, by the partition it lies in.
    fn host(region: &str) -> Option<String> {
        let domain = match region {
            region if region.starts_with("cn-") => "amazonaws.com.cn",
            region if region.starts_with("eusc-") => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        Some(format!("s3.{region}.{domain}"))
    }

    /// Stores of others mostly take any region; theirs is `us-east-1` if unsaid.
    fn region(form: &mut Form<'_>) -> Option<String> {
        let other = form.elsewhere();
        let vendor = form.top.value("vendor").and_then(|vendor| vendor.as_u64());
        if !other && vendor == Some(OTHER_STORE) {
            let missing = "is missing: vendor 11 is a store at an address of its own";
            form.extra.wrong("endpoint", missing);
            return None;
        }
        form.region(other.then_some("us-east-1"))
    }

    fn with(settings: Settings, form: &mut Form<'_>) -> Option<Self> {
        let plain = settings.place.transport == Transport::Http;
        let sign_payload = form.top.flag("sign_payload").unwrap_or(plain);
        Some(Self { settings, sign_payload })
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
