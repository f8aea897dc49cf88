//! What a storage doesn't take for too long goes to the backup store and is moved later; what is given
//! up is undone.

use super::*;

fn impatient(world: &World) -> Outbox {
    world.open_with(OutboxSettings {
        uploads_give_up_after: Some(Duration::from_millis(1)),
        ..World::patience()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_down_is_backed_up_and_gets_its_files_later() {
    let world = World { has_backup: true, ..World::default() };
    world.bucket.transient.store(usize::MAX, SeqCst);
    let outbox = impatient(&world);
    let run = world.run(&outbox);
    let mut files = Files::begin(&world, &outbox, "sid1");
    files.cut(&outbox, false);
    files.cut(&outbox, true);
    asked_to_stop(&outbox);
    assert_eq!(ended(&outbox).await.delivered, Delivered::BackedUp);
    let owed = outbox.owed();
    assert_eq!((owed.uploads, owed.parked, owed.backed_up), (0, 0, 4), "all four are there");
    let kinds = world.listener.kinds();
    let last: Vec<&str> = kinds.iter().rev().take(3).map(String::as_str).collect();
    assert_eq!(last, ["session_exit", "backuped", "recorder_leave"]);
    assert_eq!(world.listener.details("session_exit")["exitStatus"], 0);
    let warned: Vec<u64> = world
        .listener
        .heard()
        .iter()
        .filter(|notice| notice.kind == "cloud_recording_warning")
        .map(|notice| notice.details["warnCode"].as_u64().unwrap())
        .collect();
    assert_eq!(warned, [31, 32], "each once");
    assert_eq!(world.backup.text(PLAYLIST), files.playlist, "whole, since its segments are there");
    let shown = outbox.uploads(None);
    assert!(shown.iter().all(|upload| upload.in_backup), "{shown:?}");
    let said =
        |upload: &OwedUpload| upload.trouble.as_ref().is_some_and(|said| said.contains("503"));
    assert!(shown.iter().any(said), "{shown:?}");
    assert!(world.bucket.names().is_empty());
    run.abort();
    let _ = run.await;
    drop(outbox);

    world.bucket.transient.store(0, SeqCst);
    let outbox = impatient(&world);
    let run = world.run(&outbox);
    until("everything is moved", || outbox.owed() == Owed::default()).await;
    until("the backup store is empty", || world.backup.names().is_empty()).await;
    assert_eq!(world.bucket.text(PLAYLIST), files.playlist);
    assert_eq!(*world.bucket.lies.lock().unwrap(), Vec::<String>::new());
    let told = world.listener.kinds();
    assert_eq!(told.len(), kinds.len() + 1, "{told:?}");
    assert_eq!(told.last().unwrap(), "uploaded", "the move is told after the exit");
    assert_eq!(outbox.outcome("sid1").unwrap().delivered, Delivered::Uploaded);
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_never_backed_up() {
    let world = World { has_backup: true, ..World::default() };
    world.bucket.refuses.store(true, SeqCst);
    let outbox = impatient(&world);
    let run = world.run(&outbox);
    Files::begin(&world, &outbox, "sid1").cut(&outbox, true);
    asked_to_stop(&outbox);
    assert_eq!(ended(&outbox).await.delivered, Delivered::Parked);
    assert!(world.backup.names().is_empty());
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_too_long_is_given_up() {
    let world = World::default();
    let clock = DrivenClock::start();
    let settings = OutboxSettings {
        refused_give_up_after: Some(Duration::from_secs(24 * 3_600)),
        ..World::patience()
    };
    let outbox = world.open_as(settings, clock.clone());
    world.bucket.refuses.store(true, SeqCst);
    let run = world.run(&outbox);
    Files::begin(&world, &outbox, "sid1").cut(&outbox, true);
    asked_to_stop(&outbox);
    assert_eq!(ended(&outbox).await.delivered, Delivered::Parked);
    let hour = Duration::from_secs(3_600);
    clock.move_to(DAWN + 23 * hour);
    outbox.give_up_refused().unwrap();
    assert_eq!(outbox.owed().parked, 3, "the operator has a day");
    clock.move_to(DAWN + 25 * hour);
    outbox.give_up_refused().unwrap();
    assert_eq!(outbox.owed(), Owed::default());
    assert_eq!(outbox.outcome("sid1").unwrap().delivered, Delivered::Parked, "never uploaded");
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_undone_at_the_store() {
    let world = World::default();
    world.bucket.transient.store(usize::MAX, SeqCst);
    let outbox = world.open(RunningClock::start());
    let run = world.run(&outbox);
    let mut files = Files::begin(&world, &outbox, "sid1");
    files.cut(&outbox, true);
    let saved = || world.bucket.found_saved.lock().unwrap().len() > 5;
    until("attempts have saved something", saved).await;
    assert_eq!(outbox.give_up("sid1").unwrap(), 0, "not while it records");
    asked_to_stop(&outbox);
    run.abort();
    let _ = run.await;
    assert_eq!(outbox.give_up("sid1").unwrap(), 3);
    drop(outbox);

    let outbox = world.open(RunningClock::start());
    let run = world.run(&outbox);
    assert_eq!(ended(&outbox).await.delivered, Delivered::Parked);
    let abandoned = || world.bucket.abandoned.lock().unwrap().clone();
    until("both are undone", || abandoned().len() == 2).await;
    assert!(abandoned().iter().all(|(_, saved)| saved == b"half of it"), "{:?}", abandoned());
    assert_eq!(outbox.owed().uploads, 0);
    assert_eq!(world.listener.details("cloud_recording_error")["errorCode"], 47);
    run.abort();
}
