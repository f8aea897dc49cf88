//! MP4 files of recordings whose process died.

use bytes::Bytes;
use capstan_archive::names;
use capstan_media::container::fmp4::{TrackRun, init_segment, media_segment};
use capstan_media::frame::FrameKind;
use capstan_media::sample::{Coding, Sample, TrackConfig};

use super::*;
use crate::testing::{MP4, mix};

/// A second of sound whose bytes say which second it is.
fn segment(number: u8) -> Bytes {
    let sample = Sample {
        data: vec![b'A' + number; 40].into(),
        duration: 960,
        offset: 0,
        kind: FrameKind::Key,
    };
    let samples = vec![sample; 50];
    let start = u64::from(number) * 48_000;
    let runs = [TrackRun { track: 0, start, samples: &samples }];
    media_segment(u32::from(number) + 1, &runs).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_leaves_an_mp4_of_all_that_was_cut() {
    let world = World::default();
    world.bucket.hangs.store(true, SeqCst);
    let outbox = world.open(RunningClock::start());
    let mut settings = settings("sid1");
    mix(&mut settings).files.mp4 = Some(MP4);
    let (folder, stem) = (world.work().join("sid1"), settings.stem());
    let hls = hls_folder(&folder);
    std::fs::create_dir_all(&hls).unwrap();
    outbox.begin(&settings, &folder).unwrap();
    let facts = FileFacts::mixed(PLAYLIST.into(), TrackType::Audio, DAWN);
    outbox.begin_list("sid1", facts).unwrap();

    let opus = TrackConfig { timescale: 48_000, coding: Coding::Opus { channels: 1 } };
    let init = names::init(&stem, 0);
    write_whole(&hls.join(&init), &init_segment(&[opus]).unwrap()).unwrap();
    let mut text =
        format!("#EXTM3U\n#EXT-X-MAP:URI=\"{}\"\n", capstan_archive::listing::uri_of(&init));
    let list = settings.playlist_name();
    let mut new = vec![NewFile::segment(&list, hls.join(&init), 0)];
    new[0].size = std::fs::metadata(hls.join(&init)).unwrap().len();
    for number in 0..5_u8 {
        let (name, bytes) = (format!("s{number}.m4s"), segment(number));
        let path = hls.join(&name);
        write_whole(&path, &bytes).unwrap();
        new.push(NewFile::segment(&list, path, bytes.len() as u64));
        text.push_str(&format!("#EXTINF:1.0,\n{name}\n"));
    }
    write_whole(&hls.join(&list), text.as_bytes()).unwrap();
    // The last segment is on disk and named, and not owed yet.
    new.pop();
    new.push(NewFile::playlist(hls.join(&list), text.len() as u64));
    outbox.file("sid1", &new).unwrap();
    // One file is full and owed, and nobody makes it.
    outbox.make_mp4("sid1", 2, DAWN + Duration::from_secs(2)).unwrap();
    assert_eq!(outbox.owed().uploads, 7);
    drop(outbox);

    world.bucket.hangs.store(false, SeqCst);
    let outbox = world.open(RunningClock::start());
    assert_eq!(outbox.recovered(), ["sid1"]);
    let run = world.run(&outbox);
    let outcome = ended(&outbox).await;
    assert_eq!(outcome.delivered, Delivered::Uploaded);
    let keys: Vec<_> = outcome.files.iter().map(|file| file.key.as_str()).collect();
    assert_eq!(keys, ["a/b/sid1_a room_0.mp4", "a/b/sid1_a room_1.mp4", PLAYLIST]);
    assert_eq!(outcome.files[1].start, DAWN + Duration::from_secs(2));
    for (key, seconds) in keys.iter().zip(["AB", "CDE"]) {
        let objects = world.bucket.objects.lock().unwrap();
        let file = &objects[*key];
        let expected: Vec<u8> = seconds.bytes().flat_map(|byte| vec![byte; 2_000]).collect();
        assert!(file.ends_with(&expected), "{key}");
        assert_eq!(&file[4..8], b"ftyp");
    }
    run.abort();
}
