//! What comes and can't be recorded is told within ten seconds, in every place, and at the end.

use capstan_archive::report::{Report, TroubleKind};
use capstan_media::timeline::LossPlace;
use capstan_media::trouble::Cause;

use super::individual::as_sent;
use super::*;

/// Somebody whose pictures lack every key frame for six seconds; half a second later all is well.
fn plan() -> Plan {
    let mut plan = Plan::until(7_600);
    let is_key = |event: &RoomEvent| match event {
        RoomEvent::Frame(frame) => frame.codec.is_video() && frame.kind == FrameKind::Key,
        _ => false,
    };
    plan.add(participant(7, 0, 6_000).into_iter().filter(|event| !is_key(event)).collect());
    plan.add(participant(7, 6_600, 7_500));
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_without_a_key_frame_are_told_everywhere_and_the_end_is_no_plain_success() {
    for settings in [settings("sid1"), as_sent()] {
        let stage = Stage::open(plan(), settings, NEVER);
        let outcome = stage.play().await;
        assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
        let heard = stage.world.listener.heard();
        let warned = heard.iter().find(|notice| notice.kind == "cloud_recording_warning").unwrap();
        assert_eq!(warned.details["warnCode"], 1_010);
        let message = warned.details["warnMsg"].as_str().unwrap();
        assert!(message.starts_with("7-camera: ") && message.contains("PLI"), "{message}");
        let told = warned.at_ms - DAWN.as_millis();
        assert!((5_000..10_000).contains(&told), "told after {told} ms");
        assert_eq!(stage.handle.status().troubles, 1);

        let record = stage.outbox.record("sid1").unwrap();
        let [trouble] = record.report.as_ref().unwrap().troubles.as_slice() else {
            panic!("{:?}", record.report)
        };
        assert_eq!(trouble.kind, TroubleKind::Missing(Cause::NoKeyFrame));
        let track = trouble.track.unwrap();
        assert_eq!((track.uid.get(), track.kind.is_video()), (7, true));
        let span = [Some(trouble.from), trouble.to].map(|at| at.unwrap().micros_from(DAWN) / 1_000);
        assert!(span[0] < 200 && (5_500..8_000).contains(&span[1]), "{span:?}");
        assert!(!record.is_complete());
        let exit = stage.world.listener.details("session_exit");
        assert_eq!((&exit["exitStatus"], &exit["troubles"]), (&1.into(), &1.into()), "{exit}");
    }
}

#[test]
fn what_costs_the_files_nothing_is_no_lack() {
    let at = DAWN;
    let lost = |place| Mark::Lost { at, place, events: 1, why: String::new() };
    let lacks = |mark| Report::of(&[mark]).lacks();
    assert_eq!(lacks(Mark::Fault { at, detail: String::new() }), 0);
    assert_eq!(lacks(lost(LossPlace::Tape)), 0, "the files have it");
    for place in [LossPlace::Room, LossPlace::Composite, LossPlace::Segment] {
        assert_eq!(lacks(lost(place)), 1, "{place:?}");
    }
    assert_eq!(lacks(Mark::Overloaded { from: at, to: at, pictures: 1 }), 1);
}
