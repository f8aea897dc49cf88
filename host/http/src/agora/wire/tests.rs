//! What requests are read as.

use capstan_archive::settings::{Streams, Subscription, UidSelection, VideoLayer};
use capstan_media::time::RoomTime;
use capstan_media::track::Uid;
use serde_json::{Value, json};

use super::super::sketch;
use super::start::SnapshotRequest;
use super::*;
use crate::agora::read::Object;

const NOW: Now = Now(RoomTime::from_millis(1_700_000_000_000));

fn start(mode: Mode, request: &Value) -> Result<StartRequest, String> {
    let body = json!({ "clientRequest": request });
    let root = Object::root(&body).unwrap();
    root.object("clientRequest", |request| StartRequest::read(request, mode, NOW))
        .map_err(|bad| bad.to_string())
}

fn subscription(config: &Value) -> Result<Subscription, String> {
    start(Mode::Mix, &json!({ "recordingConfig": config })).map(|request| request.subscription)
}

fn only(uids: &[u32]) -> UidSelection {
    UidSelection::Only(uids.iter().filter_map(|uid| Uid::new(*uid)).collect())
}

#[test]
fn one_white_list_silences_the_other_medium_and_a_black_list_does_not() {
    let read = subscription(&json!({ "subscribeAudioUids": ["7", "8"] })).unwrap();
    assert_eq!((read.audio, read.video), (only(&[7, 8]), only(&[])));
    let read = subscription(&json!({ "subscribeVideoUids": ["#allstream#"] })).unwrap();
    assert_eq!((read.audio, read.video), (only(&[]), UidSelection::All));
    for key in ["unSubscribeVideoUids", "unsubscribeVideoUids"] {
        let read = subscription(&json!({ key: ["7"] })).unwrap();
        let UidSelection::Only(uids) = only(&[7]) else { unreachable!() };
        assert_eq!((read.audio, read.video), (UidSelection::All, UidSelection::Except(uids)));
    }
    let read = subscription(&json!({ "subscribeAudioUids": [], "subscribeVideoUids": [] }));
    assert_eq!(read, Ok(Subscription::default()), "empty lists are none");
    let read =
        subscription(&json!({ "streamTypes": 0, "videoStreamType": 1, "subscribeUidGroup": 5 }));
    let read = read.unwrap();
    assert_eq!(
        (read.streams, read.video_layer, read.max_uids),
        (Streams::Audio, VideoLayer::Low, 49)
    );
}

#[test]
fn update_replaces_the_lists_and_keeps_the_rest() {
    let before =
        subscription(&json!({ "subscribeVideoUids": ["7"], "videoStreamType": 1 })).unwrap();
    let body = json!({ "streamSubscribe": { "audioUidList": { "subscribeAudioUids": ["9"] } } });
    let root = Object::root(&body).unwrap();
    let update = UpdateRequest::read(root, &before, NOW).unwrap();
    let after = update.subscription.unwrap();
    assert_eq!((after.audio, after.video), (only(&[9]), only(&[])));
    assert_eq!(after.video_layer, VideoLayer::Low);
    for (body, pointer) in [
        (json!({}), "/streamSubscribe is missing"),
        (json!({ "streamSubscribe": {} }), "/streamSubscribe/audioUidList is missing"),
        (
            json!({ "streamSubscribe": { "videoUidList": { "subscribeVideoUids": [] } } }),
            "/streamSubscribe/videoUidList/subscribeVideoUids is missing or empty",
        ),
        (
            json!({ "webRecordingConfig": { "onhold": true } }),
            "/webRecordingConfig is only for web",
        ),
    ] {
        let refused = UpdateRequest::read(Object::root(&body).unwrap(), &before, NOW).unwrap_err();
        assert!(refused.to_string().contains(pointer), "{refused}");
    }
}

#[test]
fn screenshots_stand_alone_or_beside_files() {
    let read = |request: Value| match start(Mode::Individual, &request).unwrap().work {
        Work::Individual(individual) => individual,
        Work::Mix(_) => panic!("mixed"),
    };
    let group = json!({ "subscribeUidGroup": 0 });
    let shots = json!({ "fileType": ["jpg"] });
    let alone = read(json!({ "recordingConfig": group, "snapshotConfig": shots }));
    assert!(!alone.files);
    assert_eq!(alone.snapshots, Some(SnapshotRequest { interval_seconds: 10 }));
    let both =
        json!({ "recordingConfig": group, "snapshotConfig": shots, "recordingFileConfig": {} });
    assert!(read(both).files);
    let files = read(json!({ "recordingConfig": group }));
    assert!(files.files && files.snapshots.is_none());
}

#[test]
fn the_description_knows_what_the_readers_read() {
    for mode in [Mode::Mix, Mode::Individual] {
        let schema = sketch::draw(|request| StartRequest::read(request, mode, NOW));
        let at = |pointer: &str| schema.pointer(pointer).cloned().unwrap_or_default();
        let config = "/properties/recordingConfig/properties";
        assert_eq!(at(&format!("{config}/maxIdleTime/default")), 30);
        assert_eq!(at("/properties/storageConfig/properties/bucket/type"), "string");
        let (snapshots, width) = (
            at("/properties/snapshotConfig/properties/captureInterval/minimum"),
            at(&format!("{config}/transcodingConfig/properties/width/maximum")),
        );
        match mode {
            Mode::Mix => assert_eq!((snapshots, width), (Value::Null, json!(1_920))),
            Mode::Individual => assert_eq!((snapshots, width), (json!(1), Value::Null)),
        }
    }
    let schema =
        sketch::draw(|request| UpdateRequest::read(request, &Subscription::default(), NOW));
    let lists = "/properties/streamSubscribe/properties/videoUidList/properties/subscribeVideoUids";
    assert_eq!(schema.pointer(lists).unwrap()["maxItems"], 32);
}
