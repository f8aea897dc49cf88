//! The tape thread: takes the room's events, puts them on tape and timeline, and only then gives
//! them to the composite.
//!
//! It never waits for the composite. It alone decides when a recording ends.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use capstan_archive::facts::StopReason;
use capstan_archive::settings::Mode;
use capstan_archive::tape::{TapeError, Tapes};
use capstan_media::room::RoomEvent;
use capstan_media::time::RoomTime;
use capstan_media::timeline::{LossPlace, Mark};
use capstan_outbox::event::{Code, Module, Problem};

use crate::describe::describe;
use crate::live::basics::Basics;
use crate::live::course::Course;
use crate::live::notes::Notes;
use crate::live::parts::Parts;
use crate::live::queue::Queue;
use crate::live::taken::Taken;
use crate::requests::SubscriptionRequest;
use crate::seldom::Seldom;
use crate::source::{KeyFrames, Received, RoomEvents};
use crate::streams::Streams;
use crate::subscriber::Subscriber;

/// How often tapes are synced: under the half second that a crash may cost, with room for the sync.
const SYNC_EVERY: Duration = Duration::from_millis(400);
/// How often a disk that refuses is told of by an event; the timeline has every loss.
const EVENTS_EVERY: Duration = Duration::from_secs(60);
/// How long the thread may be without looking at stop requests and the clock.
const PATIENCE: Duration = Duration::from_millis(50);

pub(crate) struct TapeThread {
    basics: Arc<Basics>,
    course: Arc<Course>,
    notes: Arc<Notes>,
    taken: Arc<Taken>,
    /// To the thread that makes files.
    queue: Arc<Queue>,
    snapshots: Option<Arc<Queue>>,
    events: Box<dyn RoomEvents>,
    tapes: Tapes,
    /// Anything but screenshots is made of what comes.
    keeps: bool,
    streams: Streams,
    subscriber: Subscriber,
    requests: Receiver<SubscriptionRequest>,
    keyframes: Arc<dyn KeyFrames>,
    synced: RoomTime,
    /// Records that didn't get on tape since the last sync, and why the last one didn't.
    refused: Option<(u64, String)>,
    events_of_refusal: Seldom,
}

impl TapeThread {
    pub(crate) fn new(
        parts: &Parts,
        events: Box<dyn RoomEvents>,
        keyframes: Arc<dyn KeyFrames>,
        requests: Receiver<SubscriptionRequest>,
        tapes: Tapes,
    ) -> Self {
        let settings = &parts.basics.settings;
        Self {
            streams: Streams::new(settings.mix().is_some()),
            subscriber: Subscriber::new(settings.subscription.clone()),
            synced: parts.basics.now(),
            keeps: settings.mode != Mode::SnapshotsOnly,
            basics: Arc::clone(&parts.basics),
            course: Arc::clone(&parts.course),
            notes: Arc::clone(&parts.notes),
            taken: Arc::clone(&parts.taken),
            queue: Arc::clone(&parts.queue),
            snapshots: parts.snapshots.clone(),
            events,
            tapes,
            requests,
            keyframes,
            refused: None,
            events_of_refusal: Seldom::new(EVENTS_EVERY),
        }
    }

    /// Runs until the recording ends. Returns the time of its end.
    pub(crate) fn run(mut self) -> RoomTime {
        self.course.ready();
        let (at, subscription) = (self.synced, self.basics.settings.subscription.clone());
        self.notes.mark(&Mark::Subscribed { at, subscription });
        let end = loop {
            match self.events.recv_timeout(PATIENCE) {
                Received::Event(event) => self.take(event),
                Received::Timeout => {}
                Received::Closed => self.course.stop(StopReason::Shutdown),
            }
            self.change_subscription();
            let now = self.basics.now();
            self.course.poll(now);
            let stopped = self.course.stopped();
            if let Some((_, at)) = stopped {
                break at;
            }
            if now.since(self.synced) >= SYNC_EVERY {
                self.sync(now);
            }
        };
        // The mark says that nothing before it is missing on tape.
        self.sync(end);
        self.notes.mark(&Mark::Stopped { at: end });
        self.notes.sync_timeline();
        end
    }

    fn take(&mut self, event: RoomEvent) {
        self.course.observe(&event);
        for event in self.subscriber.take(event) {
            self.record(event);
        }
    }

    /// Takes other tracks from now on, if somebody asked for it.
    fn change_subscription(&mut self) {
        while let Ok(SubscriptionRequest { subscription, answer }) = self.requests.try_recv() {
            let at = self.basics.now();
            let mark = Mark::Subscribed { at, subscription: subscription.clone() };
            self.notes.mark(&mark);
            for event in self.subscriber.change(subscription, at) {
                self.record(event);
            }
            self.notes.sync_timeline();
            self.keyframes.request();
            // Whoever asked may have gone; the change holds all the same.
            let _ = answer.send(());
        }
    }

    fn record(&mut self, event: RoomEvent) {
        if let RoomEvent::Frame(frame) = &event
            && self.course.takes_media(frame.arrived)
        {
            self.notes.mark(&Mark::Started { at: frame.arrived });
        }
        let taped = match &event {
            // Screenshots alone: nobody asked for the rest to be kept.
            RoomEvent::Frame(_) | RoomEvent::Report(_) if !self.keeps => Ok(()),
            RoomEvent::Frame(frame) => {
                self.taken.frame();
                metrics::counter!("capstan_tape_frames_total").increment(1);
                self.tapes.frame(frame)
            }
            RoomEvent::Report(report) => self.tapes.report(report),
            RoomEvent::Lost { events, .. } => {
                self.taken.lost(*events);
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = taped {
            self.refused(&error);
        }
        if let Some(mark) = Mark::of_event(&event) {
            self.notes.mark(&mark);
        }
        self.taken.observe(&event);
        let (changes, at) = (self.streams.observe(&event), event.at());
        self.offer(&event);
        if self.keeps
            && let Some(dropped) = self.queue.push(event)
        {
            self.dropped(dropped);
        }
        for change in changes {
            self.notes.say(&change, at);
        }
    }

    /// Lets the snapshot thread see it. What that is too slow for costs screenshots only.
    fn offer(&self, event: &RoomEvent) {
        let Some(queue) = &self.snapshots else { return };
        let wanted = match event {
            RoomEvent::Frame(frame) => frame.track.kind.is_video(),
            RoomEvent::Report(_) => false,
            _ => true,
        };
        if wanted && let Some(frames) = queue.push(event.clone()) {
            metrics::counter!("capstan_snapshot_dropped_frames_total").increment(frames);
        }
    }

    fn dropped(&self, frames: u64) {
        metrics::counter!("capstan_composite_dropped_frames_total").increment(frames);
        let why = "what makes the files was too slow to take them".to_owned();
        self.notes.lost(LossPlace::Composite, frames, why);
    }

    fn sync(&mut self, now: RoomTime) {
        let failed = self.tapes.sync();
        for error in &failed {
            self.refused(error);
        }
        self.tell_refused(now);
        self.notes.tell_troubles(now);
        self.notes.sync_timeline();
        self.synced = now;
    }

    fn refused(&mut self, error: &TapeError) {
        metrics::counter!("capstan_tape_lost_records_total").increment(error.records());
        let before = self.refused.take().map_or(0, |(records, _)| records);
        self.refused = Some((before + error.records(), describe(error)));
    }

    /// Tells of records that aren't on tape. The live output still has them.
    fn tell_refused(&mut self, now: RoomTime) {
        let Some((records, why)) = self.refused.take() else { return };
        self.notes.lost(LossPlace::Tape, records, why.clone());
        if self.events_of_refusal.may(now) {
            let message = format!("{why}; the recording goes on without a tape of it");
            let (module, code) = (Module::Recorder, Code::FileOperation);
            self.notes.fail(Problem { module, level: 4, code, message });
        }
    }
}
