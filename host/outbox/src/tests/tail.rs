//! What tapes hold of a recording whose process died, and what becomes of it.

use super::*;
use crate::books::ledger::OwedTail;

/// A recording that was live when its process died, and whose tail this many processes began.
fn left_behind(world: &World, begun: u32) -> Outbox {
    let outbox = world.open(RunningClock::start());
    let mut files = Files::begin(world, &outbox, "sid1");
    files.cut(&outbox, false);
    drop(outbox);
    let outbox = world.open(RunningClock::start());
    assert_eq!(outbox.recovered(), ["sid1"]);
    let tail = OwedTail { failing_since: None, begun };
    outbox.keeper.change("sid1", |change, _, _| change.ledger.tail = Some(tail)).unwrap();
    outbox
}

#[tokio::test(flavor = "multi_thread")]
async fn is_left_on_tape_once_it_has_killed_three_processes() {
    for (begun, words) in
        [(2, "what its tapes hold behind the last segment stays there"), (3, "3 processes died")]
    {
        let world = World::default();
        let outbox = left_behind(&world, begun);
        let run = world.run(&outbox);
        let outcome = ended(&outbox).await;
        assert_eq!(outcome.delivered, Delivered::Uploaded, "what was cut is there");
        let failure = outcome.failure.unwrap();
        assert!(failure.contains(words), "{failure}");
        assert_eq!(failure.contains("processes died"), begun == 3, "{failure}");
        assert!(world.bucket.text(PLAYLIST).ends_with("#EXT-X-ENDLIST\n"));
        let error = world.listener.details("cloud_recording_error");
        assert!(error["errorMsg"].as_str().unwrap().contains(words), "{error}");
        run.abort();
    }
}
