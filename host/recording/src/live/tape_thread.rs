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

use crate::live::shared::{Shared, SubscriptionRequest};
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
    shared: Arc<Shared>,
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
        shared: Arc<Shared>,
        events: Box<dyn RoomEvents>,
        keyframes: Arc<dyn KeyFrames>,
        requests: Receiver<SubscriptionRequest>,
        tapes: Tapes,
    ) -> Self {
        let streams = Streams::new(shared.settings.mix().is_some());
        let subscriber = Subscriber::new(shared.settings.subscription.clone());
        Self {
            synced: shared.clock.now(),
            keeps: shared.settings.mode != Mode::SnapshotsOnly,
            shared,
            events,
            tapes,
            streams,
            subscriber,
            requests,
            keyframes,
            refused: None,
            events_of_refusal: Seldom::new(EVENTS_EVERY),
        }
    }

    /// Runs until the recording ends. Returns the time of its end.
    pub(crate) fn run(mut self) -> RoomTime {
        self.shared.session().ready();
        let (at, subscription) = (self.synced, self.shared.settings.subscription.clone());
        self.shared.mark(&Mark::Subscribed { at, subscription });
        let end = loop {
            match self.events.recv_timeout(PATIENCE) {
                Received::Event(event) => self.take(event),
                Received::Timeout => {}
                Received::Closed => self.shared.stop(StopReason::Shutdown),
            }
            self.change_subscription();
            let now = self.shared.clock.now();
            let idle = self.shared.session().poll(now);
            if idle {
                tracing::info!(sid = %self.shared.settings.sid, "nobody sends: recording ends");
            }
            let stopped = self.shared.session().stopped();
            if let Some((_, at)) = stopped {
                break at;
            }
            if now.since(self.synced) >= SYNC_EVERY {
                self.sync(now);
            }
        };
        // The mark says that nothing before it is missing on tape.
        self.sync(end);
        self.shared.mark(&Mark::Stopped { at: end });
        self.shared.sync_timeline();
        end
    }

    fn take(&mut self, event: RoomEvent) {
        self.shared.session().observe(&event);
        for event in self.subscriber.take(event) {
            self.record(event);
        }
    }

    /// Takes other tracks from now on, if somebody asked for it.
    fn change_subscription(&mut self) {
        while let Ok(SubscriptionRequest { subscription, answer }) = self.requests.try_recv() {
            let at = self.shared.clock.now();
            let mark = Mark::Subscribed { at, subscription: subscription.clone() };
            self.shared.mark(&mark);
            for event in self.subscriber.change(subscription, at) {
                self.record(event);
            }
            self.shared.sync_timeline();
            self.keyframes.request();
            // Whoever asked may have gone; the change holds all the same.
            let _ = answer.send(());
        }
    }

    fn record(&mut self, event: RoomEvent) {
        if let RoomEvent::Frame(frame) = &event
            && self.shared.session().takes_media(frame.arrived)
        {
            self.shared.mark(&Mark::Started { at: frame.arrived });
        }
        let taped = match &event {
            // Screenshots alone: nobody asked for the rest to be kept.
            RoomEvent::Frame(_) | RoomEvent::Report(_) if !self.keeps => Ok(()),
            RoomEvent::Frame(frame) => {
                self.shared.numbers().frames += 1;
                metrics::counter!("capstan_tape_frames_total").increment(1);
                self.tapes.frame(frame)
            }
            RoomEvent::Report(report) => self.tapes.report(report),
            RoomEvent::Lost { events, .. } => {
                self.shared.numbers().frames_lost += events;
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = taped {
            self.refused(&error);
        }
        if let Some(mark) = Mark::of_event(&event) {
            self.shared.mark(&mark);
        }
        self.shared.observe(&event);
        let (changes, at) = (self.streams.observe(&event), event.at());
        self.offer(&event);
        if self.keeps
            && let Some(dropped) = self.shared.queue.push(event)
        {
            self.dropped(dropped);
        }
        for change in changes {
            self.shared.say(&change, at);
        }
    }

    /// Lets the snapshot thread see it. What that is too slow for costs screenshots only.
    fn offer(&self, event: &RoomEvent) {
        let Some(queue) = &self.shared.snapshots else { return };
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
        self.shared.lost(LossPlace::Composite, frames, why);
    }

    fn sync(&mut self, now: RoomTime) {
        let failed = self.tapes.sync();
        for error in &failed {
            self.refused(error);
        }
        self.tell_refused(now);
        self.shared.sync_timeline();
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
        self.shared.lost(LossPlace::Tape, records, why.clone());
        if self.events_of_refusal.may(now) {
            let message = format!("{why}; the recording goes on without a tape of it");
            let (module, code) = (Module::Recorder, Code::FileOperation);
            self.shared.fail(Problem { module, level: 4, code, message });
        }
    }
}

/// An error with its cause.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
