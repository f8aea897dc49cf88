//! The S3 plugin against a real server.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use capstan_outbox::ports::{
    Storage, StorageTarget, Storages, Upload, UploadError, UploadProgress,
};

use crate::bucket::{Bucket, Fault};
use crate::{host, shared};

const MIB: usize = 1 << 20;
/// Parts of the least size that S3 takes, so that a small test has several.
const SMALL_PARTS: &str = r#","multipart_threshold":5242880,"part_size":5242880"#;

/// Keeps what is saved, as the outbox does.
#[derive(Default)]
struct Saved(Mutex<Option<Vec<u8>>>);

impl UploadProgress for Saved {
    fn save(&self, state: Vec<u8>) {
        *self.0.lock().unwrap() = Some(state);
    }
}

impl Saved {
    fn state(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap().clone()
    }
}

/// A bucket and a file.
struct Scene {
    bucket: Bucket,
    file: Vec<u8>,
    path: PathBuf,
    saved: Saved,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(size: usize) -> Self {
        let bucket = Bucket::start().await;
        let folder = tempfile::tempdir().unwrap();
        let file: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
        let path = folder.path().join("slice.m4s");
        fs::write(&path, &file).unwrap();
        Self { bucket, file, path, saved: Saved::default(), _folder: folder }
    }

    fn open(&self, more: &str) -> Result<Arc<dyn Storage>, UploadError> {
        let config = self.bucket.config(more);
        shared().open(&StorageTarget { storage: "storage-s3".into(), config })
    }

    fn upload(&self, key: &str) -> Upload {
        Upload {
            id: "job".into(),
            key: key.into(),
            path: self.path.clone(),
            size: self.file.len() as u64,
            content_type: "video/mp4".into(),
            saved: self.saved.state(),
        }
    }

    async fn put(&self, more: &str) -> Result<String, UploadError> {
        let storage = self.open(more)?;
        storage.put(&self.upload("a/k.m4s"), &self.saved).await.map(|stored| stored.url)
    }

    fn arrived(&self) -> bool {
        self.bucket.object("/rec/a/k.m4s").as_ref() == Some(&self.file)
    }
}

#[tokio::test]
async fn a_file_arrives_whole_and_signed() {
    let scene = Scene::new(3 * MIB).await;
    let url = scene.put("").await.unwrap();
    assert_eq!(url, format!("{}/rec/a/k.m4s", scene.bucket.site.url()));
    assert!(scene.arrived());
    assert_eq!(scene.bucket.seen(), ["PUT /rec/a/k.m4s"]);
}

#[tokio::test]
async fn keys_go_over_the_wire_as_they_were_signed() {
    let scene = Scene::new(10).await;
    let storage = scene.open("").unwrap();
    let key = "录制 文件//A+B&c=d~(1)/%20/../é'*!@$,;:.m3u8";
    storage.put(&scene.upload(key), &scene.saved).await.unwrap();
    let path = "/rec/%E5%BD%95%E5%88%B6%20%E6%96%87%E4%BB%B6//A%2BB%26c%3Dd~%281%29/%2520/../\
                %C3%A9%27%2A%21%40%24%2C%3B%3A.m3u8";
    assert_eq!(scene.bucket.object(path).as_ref(), Some(&scene.file));
}

#[tokio::test]
async fn a_large_file_goes_in_parts() {
    let scene = Scene::new(12 * MIB).await;
    scene.put(SMALL_PARTS).await.unwrap();
    assert!(scene.arrived());
    assert_eq!(scene.bucket.seen().len(), 5, "{:?}", scene.bucket.seen());
}

#[tokio::test]
async fn without_signed_bodies_it_arrives_as_well() {
    let scene = Scene::new(12 * MIB).await;
    scene.put(&format!(r#"{SMALL_PARTS},"sign_payload":false"#)).await.unwrap();
    assert!(scene.arrived());
}

#[tokio::test]
async fn a_busy_store_is_asked_again() {
    let scene = Scene::new(12 * MIB).await;
    scene.bucket.fail("partNumber=2", Fault::Code(503, "SlowDown"));
    scene.bucket.fail("POST uploadId=", Fault::Code(500, "InternalError"));
    scene.put(SMALL_PARTS).await.unwrap();
    assert!(scene.arrived());
}

#[tokio::test]
async fn a_lost_answer_is_looked_up() {
    let scene = Scene::new(12 * MIB).await;
    scene.bucket.fail("POST uploadId=", Fault::LostReply);
    scene.put(SMALL_PARTS).await.unwrap();
    assert!(scene.arrived());
    assert_eq!(scene.bucket.seen().last().map(String::as_str), Some("HEAD /rec/a/k.m4s"));
}

#[tokio::test]
async fn refusals_keep_their_class_and_the_stores_words() {
    let scene = Scene::new(10).await;
    let rejected = |error: UploadError| match error {
        UploadError::Rejected { code, reason, .. } => (code, reason),
        other => panic!("{other:?}"),
    };
    let error = scene.put(r#","secretKey":"another""#).await.unwrap_err();
    let (code, reason) = rejected(error);
    assert_eq!(code, "bad-credentials");
    assert_eq!(reason, "SignatureDoesNotMatch: signature (request r-1)");
    for (status, code, class) in [
        (404, "NoSuchBucket", "no-bucket"),
        (400, "ExpiredToken", "expired-credentials"),
        (403, "AccessDenied", "denied"),
        (301, "PermanentRedirect", "wrong-region"),
    ] {
        scene.bucket.fail("PUT", Fault::Code(status, code));
        assert_eq!(rejected(scene.put("").await.unwrap_err()).0, class);
    }
    let error = scene.open(r#","region":26,"part_size":1"#).err().unwrap().to_string();
    assert!(error.contains("/region") && error.contains("/part_size"), "{error}");
}

#[tokio::test]
async fn what_arrives_broken_is_not_done() {
    let scene = Scene::new(12 * MIB).await;
    scene.bucket.fail("partNumber=2", Fault::WrongTag);
    scene.bucket.fail("POST uploadId=", Fault::WrongTag);
    let error = scene.put(SMALL_PARTS).await.unwrap_err();
    assert!(matches!(error, UploadError::Transient { .. }), "{error:?}");
    assert_eq!(scene.saved.state(), Some(Vec::new()), "nothing of it is trusted again");
    scene.put(SMALL_PARTS).await.unwrap();
    assert!(scene.arrived());
}

#[tokio::test]
async fn a_later_attempt_goes_on_where_the_first_ended() {
    let scene = Scene::new(12 * MIB).await;
    let one_by_one = format!(r#"{SMALL_PARTS},"parallel":1"#);
    scene.bucket.fail("partNumber=3", Fault::Code(403, "AccessDenied"));
    scene.put(&one_by_one).await.unwrap_err();
    let before = scene.bucket.seen().len();
    scene.put(&one_by_one).await.unwrap();
    assert!(scene.arrived());
    let seen = scene.bucket.seen();
    assert_eq!(seen[before..].len(), 2, "the third part and the end: {:?}", &seen[before..]);
}

#[tokio::test]
async fn what_is_given_up_leaves_nothing_behind() {
    let scene = Scene::new(12 * MIB).await;
    scene.bucket.fail("partNumber=3", Fault::Code(403, "AccessDenied"));
    scene.put(SMALL_PARTS).await.unwrap_err();
    let storage = scene.open(SMALL_PARTS).unwrap();
    storage.abandon(&scene.upload("a/k.m4s"), &scene.saved).await.unwrap();
    assert!(scene.bucket.contents.lock().unwrap().uploads.is_empty());
}

#[tokio::test]
async fn a_store_that_is_not_granted_is_never_asked() {
    let scene = Scene::new(10).await;
    let host = host(&["127.0.0.1:1"], Default::default());
    let config = scene.bucket.config("");
    let target = StorageTarget { storage: "storage-s3".into(), config };
    let error = host.open(&target).err().unwrap();
    assert!(matches!(error, UploadError::Rejected { ref code, .. } if code == "not-granted"));
    assert!(scene.bucket.seen().is_empty());
}
