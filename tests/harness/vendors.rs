//! The vendors' stand-ins as a child process: they check every signature with the vendors' own SDKs, keep
//! what arrives, and fail to order.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Api;
use crate::process::{Running, eventually};
use crate::root;

/// Parts of the least size that plugins cut, so that a small file has several.
pub const PART: usize = 5 << 20;

/// Running stand-ins. Their folder goes when they go.
#[derive(Debug)]
pub struct Vendors {
    ports: BTreeMap<String, u16>,
    _running: Running,
    _folder: tempfile::TempDir,
}

/// One vendor as a test uses it.
#[derive(Debug, Clone, Copy)]
pub struct Vendor {
    /// Its name, here and among the stand-ins.
    pub name: &'static str,
    /// The plugin that serves it.
    pub plugin: &'static str,
    /// A bucket that takes everything.
    pub bucket: &'static str,
    /// A bucket whose quota is used up.
    pub full: &'static str,
    /// A region of the vendor's.
    pub region: &'static str,
    access_key: &'static str,
    secret_key: &'static str,
    /// A key pair that is known and may do nothing.
    read_only: &'static str,
}

/// Every vendor that the stand-ins know.
pub const ALL: [Vendor; 5] = [
    Vendor {
        name: "s3",
        plugin: "storage-s3",
        bucket: "rec-bucket",
        full: "rec-full",
        region: "us-east-1",
        access_key: "AKIAIOSFODNN7EXAMPLE",
        secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        read_only: "AKIAREADONLYEXAMPLE0",
    },
    Vendor {
        name: "aliyun",
        plugin: "storage-aliyun",
        bucket: "rec-bucket",
        full: "rec-full",
        region: "cn-hangzhou",
        access_key: "LTAI5tEXAMPLEexample",
        secret_key: "yourSecret0123456789abcdefEXAMPLE",
        read_only: "LTAIreadonly",
    },
    Vendor {
        name: "tencent",
        plugin: "storage-tencent",
        bucket: "rec-bucket-1250000000",
        full: "rec-full-1250000000",
        region: "ap-guangzhou",
        access_key: "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q",
        secret_key: "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz",
        read_only: "AKIDreadonly",
    },
    Vendor {
        name: "kingsoft",
        plugin: "storage-kingsoft",
        bucket: "rec-bucket",
        full: "rec-full",
        region: "BEIJING",
        access_key: "AKLTexampleEXAMPLE1234",
        secret_key: "OExampleSecretKey0123456789abcdefgh==",
        read_only: "AKLTreadonly",
    },
    Vendor {
        name: "qiniu",
        plugin: "storage-qiniu",
        bucket: "rec-bucket",
        full: "rec-full",
        region: "z0",
        access_key: "MY_ACCESS_KEY",
        secret_key: "MY_SECRET_KEY",
        read_only: "READONLY_AK",
    },
];

impl Vendor {
    /// What its plugin is configured with: good keys, small parts, the store at `url`.
    #[must_use]
    pub fn config(&self, url: &str) -> Value {
        json!({
            "bucket": self.bucket,
            "region": self.region,
            "accessKey": self.access_key,
            "secretKey": self.secret_key,
            "endpoint": url,
            "addressing": "path",
            "multipart_threshold": PART,
            "part_size": PART,
        })
    }

    /// The same with other keys, another bucket or another region.
    #[must_use]
    pub fn config_with(&self, url: &str, changes: &Value) -> Value {
        let mut config = self.config(url);
        for (name, value) in changes.as_object().unwrap() {
            config[name] = value.clone();
        }
        config
    }

    /// Changes to a key that may do nothing.
    #[must_use]
    pub fn read_only(&self) -> Value {
        json!({"accessKey": self.read_only, "secretKey": "readonlysecret"})
    }

    /// Changes to temporary credentials, if the vendor has any for uploads.
    #[must_use]
    pub fn temporary(&self) -> Option<Value> {
        Some(match self.name {
            "s3" => json!({"stsToken": "FwoGZXIvYXdzEBYaD/EXAMPLE/TOKEN+=="}),
            "aliyun" => json!({
                "accessKey": "STS.NUexample",
                "secretKey": "stsSecret0123456789",
                "stsToken": "CAISxwJ1q6Ft5B2yfSjIr5/TOKEN+/==",
            }),
            "tencent" => json!({"stsToken": "TmpTokenEXAMPLE/abc+def=="}),
            "kingsoft" => json!({"stsToken": "ks3-sts-token/EXAMPLE+=="}),
            _ => return None,
        })
    }

    /// Changes to the temporary credentials that a client fetches when those of
    /// [`Vendor::temporary`] have expired; S3's only.
    #[must_use]
    pub fn renewed(&self) -> Value {
        json!({
            "accessKey": "ASIAIOSFODNN7FRESH00",
            "secretKey": "freshUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "stsToken": "FwoGZXIvYXdzEBYaD/FRESH/TOKEN+==",
        })
    }

    /// Texts that must never be seen outside.
    #[must_use]
    pub fn secret(&self) -> &'static str {
        self.secret_key
    }

    /// The access key's id.
    #[must_use]
    pub fn access_key(&self) -> &'static str {
        self.access_key
    }
}

impl Vendors {
    /// Starts them on free ports.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let python = root().join(".tools/vendors/bin/python");
        assert!(python.exists(), "{} is missing: run `scripts/setup test`", python.display());
        let log = folder.path().join("log");
        let mut command = Command::new(python);
        command.arg(root().join("tests/fake-vendors/serve.py")).arg("--root").arg(folder.path());
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let running = Running::start("the vendors' stand-ins", &mut command, log.clone());
        let ports = eventually("the vendors' stand-ins are up", Duration::from_secs(60), || {
            let text = std::fs::read_to_string(&log).ok()?;
            serde_json::from_str(text.lines().next()?).ok()
        });
        Self { ports, _running: running, _folder: folder }
    }

    /// Where a vendor answers; `auto` answers for all.
    #[must_use]
    pub fn url(&self, vendor: &str) -> String {
        format!("http://127.0.0.1:{}", self.ports[vendor])
    }

    /// Orders faults; `tests/fake-vendors/README.md` lists them.
    pub fn order(&self, faults: &Value) {
        self.ask("POST", "/__faults", faults);
    }

    /// Takes back every fault.
    pub fn no_faults(&self) {
        self.ask("DELETE", "/__faults", &Value::Null);
    }

    /// From now on this session token has expired.
    pub fn expire(&self, token: &str) {
        self.ask("POST", "/__expire", &json!([token]));
    }

    /// Forgets everything that happened.
    pub fn reset(&self) {
        self.ask("POST", "/__reset", &Value::Null);
    }

    /// Numbers and half-done uploads.
    #[must_use]
    pub fn stats(&self) -> Value {
        self.ask("GET", "/stats", &Value::Null)
    }

    /// Every request so far.
    #[must_use]
    pub fn log(&self) -> Vec<Value> {
        self.ask("GET", "/__log", &Value::Null).as_array().unwrap().clone()
    }

    /// What is known of every object.
    #[must_use]
    pub fn objects(&self) -> Vec<Value> {
        self.ask("GET", "/__objects", &Value::Null).as_array().unwrap().clone()
    }

    /// An object's bytes, if it is there.
    #[must_use]
    pub fn object(&self, vendor: &str, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let path = format!(
            "/__object?vendor={vendor}&bucket={bucket}&key={}",
            key.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>()
        );
        let answer = self.api().get(&path).unwrap();
        (answer.status == 200).then_some(answer.body)
    }

    /// Uploads in parts that were begun and neither ended nor undone.
    #[must_use]
    pub fn half_done(&self) -> usize {
        self.stats()["uploads"].as_array().unwrap().len()
    }

    fn api(&self) -> Api {
        Api::new(self.ports["s3"], "", "")
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.api().send(method, path, &body, "application/json").unwrap().json()
    }
}
