//! The other vendors' plugins in the sandbox: each signs in its own way and takes no for an answer;
//! Google's, which speaks S3's protocol, uploads for real. (Whole uploads to the others are promises.)

use std::fs;
use std::sync::{Arc, Mutex};

use capstan_outbox::ports::{StorageTarget, Storages, Upload, UploadError, UploadProgress};

use crate::bucket::Bucket;
use crate::shared;
use crate::site::{Reply, Seen, Site};

/// How each vendor's requests say who asks; Kodo's form says it in its body.
const SIGNATURES: [(&str, &str); 9] = [
    ("storage-s3", "AWS4-HMAC-SHA256 Credential=account/"),
    ("storage-aliyun", "OSS4-HMAC-SHA256 Credential=account/"),
    ("storage-tencent", "q-sign-algorithm=sha1&q-ak=account&"),
    ("storage-kingsoft", "KSS account:"),
    ("storage-qiniu", ""),
    ("storage-huawei", "OBS account:"),
    ("storage-google", "AWS4-HMAC-SHA256 Credential=account/"),
    ("storage-baidu", "bce-auth-v1/account/"),
    ("storage-azure", "SharedKey account:"),
];

/// Nothing needs to be kept.
struct Forgotten;

impl UploadProgress for Forgotten {
    fn save(&self, _state: Vec<u8>) {}
}

async fn put(plugin: &str, config: String, file: &[u8]) -> Result<String, UploadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slice.m4s");
    fs::write(&path, file).unwrap();
    let upload = Upload {
        id: "job".into(),
        key: "a/k.m4s".into(),
        path,
        size: file.len() as u64,
        content_type: "video/mp4".into(),
        saved: None,
    };
    let storage = shared().open(&StorageTarget { storage: plugin.into(), config })?;
    storage.put(&upload, &Forgotten).await.map(|stored| stored.url)
}

#[tokio::test]
async fn each_signs_in_its_own_way_and_takes_no_for_an_answer() {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let shown = seen.clone();
    let site = Site::start(move |request| {
        shown.lock().unwrap().push(request);
        Reply::Answer(403, Vec::new(), String::new())
    })
    .await;
    for (plugin, signature) in SIGNATURES {
        let config = format!(
            r#"{{"bucket":"rec","region":"cn-beijing","accessKey":"account","secretKey":"aHVzaA==",
                "endpoint":"{}","addressing":"path"}}"#,
            site.url()
        );
        let error = put(plugin, config, b"video").await.unwrap_err();
        assert!(
            matches!(&error, UploadError::Rejected { code, .. } if code == "denied"),
            "{plugin}: {error:?}"
        );
        let asked: Vec<Seen> = seen.lock().unwrap().drain(..).collect();
        assert_eq!(asked.len(), 1, "{plugin}");
        let said = asked[0].header("authorization").unwrap_or_default();
        assert!(said.starts_with(signature), "{plugin}: {said}");
        let body = String::from_utf8_lossy(&asked[0].body).into_owned();
        assert!(body.contains("video"), "{plugin} sends the file");
    }
}

#[tokio::test]
async fn googles_speaks_s3s_protocol() {
    let bucket = Bucket::start().await;
    let file: Vec<u8> = (0..12 << 20).map(|at: u32| (at % 251) as u8).collect();
    let small_parts = r#","multipart_threshold":5242880,"part_size":5242880"#;
    let url = put("storage-google", bucket.config(small_parts), &file).await.unwrap();
    assert_eq!(url, format!("{}/rec/a/k.m4s", bucket.site.url()));
    assert!(bucket.object("/rec/a/k.m4s").as_ref() == Some(&file));
}
