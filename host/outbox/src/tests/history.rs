//! What is remembered of ended recordings: within its bounds, and the same after a restart.

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn bounds(remember_most: usize, history: u64) -> OutboxSettings {
    OutboxSettings { remember_most, remember: 24 * HOUR, history, ..World::patience() }
}

/// A recording of an empty room that ends at once: four events.
async fn ends(world: &World, outbox: &Outbox, sid: &str, at: RoomTime) {
    let folder = world.work().join(sid);
    std::fs::create_dir_all(&folder).unwrap();
    let mut settings = settings(sid);
    settings.keep_tapes = false;
    outbox.begin(&settings, &folder).unwrap();
    outbox.close(sid, StopReason::Asked, None, at).unwrap();
    until("its events have left", || outbox.owed().events == 0).await;
}

fn remembered(outbox: &Outbox) -> Vec<String> {
    outbox.records().into_iter().map(|record| record.sid).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_recordings_are_remembered() {
    let world = World::default();
    let clock = DrivenClock::start();
    let outbox = world.open_as(bounds(3, 100), clock.clone());
    let run = world.run(&outbox);
    for (number, sid) in ["e", "d", "c", "b", "a"].into_iter().enumerate() {
        let at = DAWN + Duration::from_secs(11 * 60 * number as u64);
        clock.move_to(at);
        ends(&world, &outbox, sid, at).await;
    }
    outbox.tidy().unwrap();
    assert_eq!(remembered(&outbox), ["a", "b", "c"], "by their ends, not by their names");
    for (sid, known) in [("a", true), ("c", true), ("d", false), ("e", false)] {
        assert_eq!(outbox.outcome(sid).is_some(), known, "{sid}");
        assert_eq!(
            outbox.history(sid, None, 10).unwrap().len(),
            if known { 4 } else { 0 },
            "{sid}"
        );
        assert_eq!(world.work().join(sid).exists(), known, "{sid}");
    }
    run.abort();
    drop(outbox);
    let outbox = world.open_as(bounds(2, 100), clock);
    assert_eq!(remembered(&outbox), ["a", "b"], "a smaller bound holds from the next start on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_may_be_asked_for_again_is_remembered_whatever_the_bounds() {
    let world = World::default();
    let clock = DrivenClock::start();
    let nothing = OutboxSettings { remember: Duration::ZERO, ..bounds(0, 100) };
    let outbox = world.open_as(nothing, clock.clone());
    let run = world.run(&outbox);
    ends(&world, &outbox, "a", DAWN).await;
    clock.move_to(DAWN + Duration::from_secs(600));
    outbox.tidy().unwrap();
    assert_eq!(remembered(&outbox), ["a"]);
    assert!(world.work().join("a").exists());
    run.abort();
    drop(outbox);
    let outbox = world.open_as(nothing, clock.clone());
    assert_eq!(outbox.outcome("a").unwrap().delivered, Delivered::Nothing);
    clock.move_to(DAWN + Duration::from_secs(601));
    outbox.tidy().unwrap();
    assert!(remembered(&outbox).is_empty() && !world.work().join("a").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_of_a_recording_is_on_its_own_clock() {
    let world = World::default();
    let clock = DrivenClock::start();
    let outbox = world.open_as(bounds(100, 100), clock.clone());
    let run = world.run(&outbox);
    let folder = world.work().join("ahead");
    std::fs::create_dir_all(&folder).unwrap();
    // A machine that learned late that it is two hours later.
    let (later, hour_ms) = (DAWN + 2 * HOUR, 3_600_000);
    outbox.begin_at(&settings("ahead"), &folder, later).unwrap();
    clock.move_to(DAWN + Duration::from_secs(1));
    outbox.close("ahead", StopReason::Asked, None, later + Duration::from_secs(1)).unwrap();
    until("its events have left", || outbox.owed().events == 0).await;
    let record = outbox.record("ahead").unwrap();
    assert_eq!(record.begun, later);
    for notice in outbox.history("ahead", None, 10).unwrap() {
        let after = notice.at_ms - DAWN.as_millis() - 2 * hour_ms;
        assert!((0..=1_000).contains(&after), "{notice:?}");
    }
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_remembered_for_its_days_and_longer_while_it_owes() {
    let world = World::default();
    let clock = DrivenClock::start();
    let outbox = world.open_as(bounds(100, 100), clock.clone());
    let run = world.run(&outbox);
    ends(&world, &outbox, "old", DAWN).await;
    world.bucket.refuses.store(true, SeqCst);
    Files::begin(&world, &outbox, "sid1").cut(&outbox, true);
    asked_to_stop(&outbox);
    assert_eq!(ended(&outbox).await.delivered, Delivered::Parked);
    clock.move_to(DAWN + 24 * HOUR);
    outbox.tidy().unwrap();
    assert_eq!(remembered(&outbox), ["old", "sid1"]);
    clock.move_to(DAWN + 24 * HOUR + Duration::from_secs(1));
    outbox.tidy().unwrap();
    assert_eq!(remembered(&outbox), ["sid1"], "what is owed to a bucket isn't forgotten");
    run.abort();
    drop(outbox);

    // The store takes it at last, after a restart; then it may go.
    world.bucket.refuses.store(false, SeqCst);
    let outbox = world.open_as(bounds(100, 100), clock.clone());
    assert_eq!(remembered(&outbox), ["sid1"]);
    let run = world.run(&outbox);
    until("its files have left and it is forgotten", || {
        // A playlist that was asked for just before its last file left is tried soon, by the clock.
        clock.move_to(clock.now() + Duration::from_millis(50));
        outbox.tidy().unwrap();
        remembered(&outbox).is_empty()
    })
    .await;
    assert_eq!(outbox.owed(), Owed::default());
    assert!(!world.bucket.names().is_empty(), "its files are there");
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_events_are_replayed_and_every_one_is_delivered() {
    let world = World::default();
    world.listener.deaf.store(usize::MAX, SeqCst);
    let clock = DrivenClock::start();
    let outbox = world.open_as(bounds(100, 4), clock.clone());
    let run = world.run(&outbox);
    let folder = world.work().join("sid1");
    std::fs::create_dir_all(&folder).unwrap();
    outbox.begin(&settings("sid1"), &folder).unwrap();
    for share in 1..=7 {
        outbox.tell("sid1", &Event::Progress { share }, DAWN).unwrap();
    }
    let sequences = |outbox: &Outbox, after| -> Vec<u64> {
        let told = outbox.history("sid1", after, 10).unwrap();
        told.iter().map(|notice| notice.sequence).collect()
    };
    assert_eq!(sequences(&outbox, None), [5, 6, 7, 8]);
    assert_eq!(sequences(&outbox, Some(1)), [5, 6, 7, 8], "what is older is gone");
    assert_eq!(sequences(&outbox, Some(6)), [7, 8]);
    assert_eq!(sequences(&outbox, Some(8)), [0_u64; 0]);
    run.abort();
    drop(outbox);

    world.listener.deaf.store(0, SeqCst);
    let outbox = world.open_as(bounds(100, 4), clock);
    let run = world.run(&outbox);
    until("all is delivered", || outbox.owed().events == 0).await;
    let heard: Vec<u64> = world.listener.heard().iter().map(|notice| notice.sequence).collect();
    let all: Vec<u64> = (0..outbox.record("sid1").unwrap().events).collect();
    assert_eq!(heard, all, "the bound is of what is replayed, not of what is owed");
    let last = all.len() as u64;
    assert_eq!(sequences(&outbox, None), [last - 4, last - 3, last - 2, last - 1]);
    run.abort();
}
