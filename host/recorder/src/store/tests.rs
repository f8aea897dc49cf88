//! The process's own store, in folders and in memory.

use object_store::Attribute;

use super::put::WHOLE;
use super::*;

struct NoProgress;

impl UploadProgress for NoProgress {
    fn save(&self, _state: Vec<u8>) {}
}

fn at(place: &str) -> StorageConfig {
    StorageConfig { store: place.into(), ..StorageConfig::default() }
}

fn upload(dir: &Path, key: &str, size: usize) -> (Upload, Vec<u8>) {
    let bytes: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
    let path = dir.join("source");
    std::fs::write(&path, &bytes).unwrap();
    let upload = Upload {
        id: "1".into(),
        key: key.into(),
        path,
        size: size as u64,
        content_type: "video/mp4".into(),
        saved: None,
    };
    (upload, bytes)
}

#[tokio::test]
async fn small_and_big_files_arrive_whole_under_their_keys() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("store");
    let store = NativeStore::open(&at(place.to_str().unwrap())).unwrap();
    for (key, size) in [("dir1/a b_{x}.m4s", 1_000), ("big.mp4", (WHOLE as usize) * 2 + 17)] {
        let (upload, bytes) = upload(dir.path(), key, size);
        let stored = store.put(&upload, &NoProgress).await.unwrap();
        assert!(stored.url.starts_with("file://"), "{}", stored.url);
        let there = std::fs::read(store.folder().unwrap().join(key)).unwrap();
        assert!(there == bytes, "{key}");
        assert_eq!(store.remove(key).await.unwrap(), Removal::Removed);
        assert_eq!(store.remove(key).await.unwrap(), Removal::Removed, "gone is gone");
        assert!(!store.folder().unwrap().join(key).exists());
    }
}

#[tokio::test]
async fn a_wrong_length_and_a_missing_file_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let store = NativeStore::open(&at(dir.path().to_str().unwrap())).unwrap();
    let (whole, _) = upload(dir.path(), "x", 10);
    let short = Upload { size: 11, ..whole.clone() };
    let error = store.put(&short, &NoProgress).await.unwrap_err();
    assert!(matches!(error, UploadError::Transient { .. }), "{error}");
    let gone = Upload { path: dir.path().join("gone"), ..whole };
    let error = store.put(&gone, &NoProgress).await.unwrap_err();
    assert!(matches!(error, UploadError::File { .. }), "{error}");
}

#[test]
fn urls_are_opened_by_scheme_and_shown_without_credentials() {
    let options = BTreeMap::from([("aws_region".to_owned(), Secret::new("eu-west-1".into()))]);
    let config = StorageConfig { options, ..at("s3://bucket/prefix") };
    let store = NativeStore::open(&config).unwrap();
    assert_eq!(store.shown(), "s3://bucket/prefix/");
    assert!(store.folder().is_none());
    assert!(NativeStore::open(&at("nonsense://x")).is_err());
}

#[tokio::test]
async fn a_bucket_learns_what_may_be_kept() {
    let dir = tempfile::tempdir().unwrap();
    for (playlist_max_age, playlists) in [(0, "no-cache"), (3, "max-age=3")] {
        let config = StorageConfig { playlist_max_age, ..at("memory:///") };
        let store = NativeStore::open(&config).unwrap();
        for (key, kind, kept) in [
            ("a.m3u8", "application/vnd.apple.mpegurl", playlists),
            ("a.m4s", "video/mp4", "max-age=31536000, immutable"),
            ("a.jpg", "image/jpeg", "max-age=31536000, immutable"),
        ] {
            for size in [10, WHOLE as usize + 1] {
                let (upload, _) = upload(dir.path(), key, size);
                let upload = Upload { content_type: kind.into(), ..upload };
                store.put(&upload, &NoProgress).await.unwrap();
                let there = store.store.get(&Key::from(key)).await.unwrap();
                let said = |attribute| there.attributes.get(&attribute).map(|said| &**said);
                assert_eq!(said(Attribute::CacheControl), Some(kept), "{key} of {size}");
                assert_eq!(said(Attribute::ContentType), Some(kind), "{key} of {size}");
            }
        }
    }
}
