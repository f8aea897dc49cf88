//! The composite thread: mixes what the tape thread gives it, by the clock, and has it written.
//!
//! A tick is rendered once everything that counts for it has come: at its due time and a little
//! slack. When the machine can't keep up, pictures are left out and the span is marked; sound is
//! whole always.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use capstan_archive::facts::FileFacts;
use capstan_archive::names;
use capstan_archive::settings::{MixFiles, OutputSettings};
use capstan_media::container::playlist::target_seconds;
use capstan_media::room::RoomEvent;
use capstan_media::scene::Scene;
use capstan_media::time::RoomTime;
use capstan_media::timeline::Mark;
use capstan_outbox::event::{Code, Module, Problem};
use capstan_pipeline::composite::{Composite, Image, Typeface};
use capstan_pipeline::segmenter::starts_segment;
use capstan_render::mix::{Cutter, OutputError, composite_settings};

use crate::director::Director;
use crate::live::mix::Mix;
use crate::live::overload::{Overload, Span, Tick};
use crate::live::patience::wait_for_disk;
use crate::live::queue::{Message, Queue};
use crate::live::tools::Tools;
use crate::live::work::MixWork;
use crate::live::writer::{Plan, Writer};
use crate::requests::{LayoutRequest, UpdateLayoutError};
use crate::seldom::Seldom;
use crate::source::KeyFrames;

/// How long after its due time a tick is rendered, so that what arrived until then has come through
/// the tape thread, which may wait for a disk.
const SLACK: Duration = Duration::from_millis(100);
/// The longest wait for a message: a clock that is driven by a test moves without one.
const PATIENCE: Duration = Duration::from_millis(20);
/// How often key frames are asked for while a track has none to begin with.
const KEY_FRAMES_EVERY: Duration = Duration::from_secs(1);
/// How often one kind of trouble is told of by an event; the timeline has every occurrence.
const EVENTS_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked whether something of a track is missing.
const COMPLAINTS_EVERY: Duration = Duration::from_millis(500);
/// The most events kept before the first media. Only people who come without sending make them.
const MAX_EARLY: usize = 4_096;

pub(crate) struct CompositeThread {
    tools: Tools,
    queue: Arc<Queue>,
    output: OutputSettings,
    files: MixFiles,
    director: Director,
    keyframes: Arc<dyn KeyFrames>,
    images: BTreeMap<String, Image>,
    typeface: Typeface,
    overload: Overload,
    /// What came before the first media.
    early: Vec<RoomEvent>,
    mix: Option<Mix>,
    stop: Option<RoomTime>,
    keys: Seldom,
    complaints: Seldom,
    overload_events: Seldom,
    fault_events: Seldom,
}

impl CompositeThread {
    pub(crate) fn new(
        tools: Tools,
        queue: Arc<Queue>,
        work: MixWork,
        keyframes: Arc<dyn KeyFrames>,
    ) -> Self {
        let MixWork { mix, director, images, typeface } = work;
        let overload = Overload::new(mix.overload_after, mix.output.fps);
        Self {
            tools,
            queue,
            output: mix.output,
            files: mix.files,
            director,
            keyframes,
            images,
            typeface,
            overload,
            early: Vec::new(),
            mix: None,
            stop: None,
            keys: Seldom::new(KEY_FRAMES_EVERY),
            complaints: Seldom::new(COMPLAINTS_EVERY),
            overload_events: Seldom::new(EVENTS_EVERY),
            fault_events: Seldom::new(EVENTS_EVERY),
        }
    }

    /// Runs until the recording has ended and its output is complete, or can't go on. Everything
    /// that was cut is written and owed then, as far as the disk lets.
    pub(crate) fn run(mut self) -> Result<(), OutputError> {
        let rendered = self.render_until_stop();
        let flushed = match &mut self.mix {
            Some(mix) => {
                let finished = mix.finish(rendered.is_ok());
                wait_for_disk(&self.tools, &self.queue, &mut [&mut mix.writer]);
                finished
            }
            None => Ok(()),
        };
        if let Some(span) = self.overload.end() {
            self.mark_overload(span);
        }
        rendered.and(flushed)
    }

    fn render_until_stop(&mut self) -> Result<(), OutputError> {
        loop {
            // All that waits comes before any tick, so that each sees what arrived before it is due. The clock is
            // read first: this thread may be kept waiting in between, and the queue is older by then.
            let now = self.tools.basics.now();
            while let Some(message) = self.queue.pop(Duration::ZERO) {
                self.take(message)?;
            }
            if let Some(end) = self.stop {
                return self.render_rest(end);
            }
            let due = self.mix.as_ref().map(|mix| mix.composite.due() + SLACK);
            match due {
                Some(due) if due <= now => self.tick(now.since(due))?,
                _ => {
                    let patience = due.map_or(PATIENCE, |due| due.since(now).min(PATIENCE));
                    if let Some(message) = self.queue.pop(patience) {
                        self.take(message)?;
                    }
                }
            }
        }
    }

    /// What is left up to the end needs no waiting: nothing more will come.
    fn render_rest(&mut self, end: RoomTime) -> Result<(), OutputError> {
        while let Some(composite) = self.mix.as_ref().map(|mix| &mix.composite) {
            if composite.next_tick() >= end {
                break;
            }
            // Before its due time a tick isn't late, however many are left at once.
            let due = composite.due() + SLACK;
            self.tick(self.tools.basics.now().since(due))?;
        }
        Ok(())
    }

    fn take(&mut self, message: Message) -> Result<(), OutputError> {
        match message {
            Message::Room(event) => match (&mut self.mix, &event) {
                (Some(mix), _) => mix.composite.push(&event),
                (None, RoomEvent::Frame(frame)) => self.begin(frame.arrived, &event)?,
                (None, _) => self.keep_early(event),
            },
            Message::Layout(request) => self.change_layout(request),
            Message::Stop { at } => self.stop = Some(at),
        }
        Ok(())
    }

    /// The first media is here: the recording's zero.
    fn begin(&mut self, start: RoomTime, first: &RoomEvent) -> Result<(), OutputError> {
        let settings = &self.tools.basics.settings;
        let images = std::mem::take(&mut self.images);
        let wanted =
            composite_settings(&self.output, settings.segment, images, self.typeface.clone());
        let mut composite = Composite::new(wanted, start)?;
        for event in self.early.drain(..) {
            composite.push(&event);
        }
        composite.push(first);
        let cutter = Cutter::new(start, settings.segment, &self.output, self.files);
        let writer = Writer::new(self.tools.clone(), self.plan(start));
        self.mix = Some(Mix { composite, cutter, writer, shown: None, ticks: 0 });
        self.keyframes.request();
        Ok(())
    }

    /// The playlist of a recording whose zero is `start`.
    fn plan(&self, start: RoomTime) -> Plan {
        let settings = &self.tools.basics.settings;
        let stem = settings.stem();
        let key = settings.key(&names::playlist(&stem));
        let micros = u64::try_from(settings.segment.as_micros()).unwrap_or(u64::MAX);
        Plan {
            stem,
            facts: FileFacts::mixed(key, settings.track_type(), start),
            container: self.files.container,
            target_seconds: target_seconds(micros),
            independent: true,
            mp4: self.files.mp4,
            mixed: Some(self.output.clone()),
        }
    }

    fn keep_early(&mut self, event: RoomEvent) {
        if let RoomEvent::Left { uid, .. } = event {
            self.early.retain(|early| match early {
                RoomEvent::Joined { uid: of, .. } => *of != uid,
                RoomEvent::TrackStarted { track, .. }
                | RoomEvent::Muted { track, .. }
                | RoomEvent::Unmuted { track, .. } => track.uid != uid,
                _ => true,
            });
        } else if self.early.len() < MAX_EARLY {
            self.early.push(event);
        }
    }

    /// One tick: who is there, what is painted, the picture and its sound.
    fn tick(&mut self, behind: Duration) -> Result<(), OutputError> {
        self.arrange();
        let began = self.tools.basics.now();
        let Some(mix) = &mut self.mix else { return Ok(()) };
        let segment = self.tools.basics.settings.segment;
        let starts = starts_segment(mix.ticks, self.output.fps, segment);
        mix.ticks += 1;
        let (tick, ended) = self.overload.decide(mix.composite.next_tick(), behind, starts);
        let outputs = match tick {
            Tick::Render => mix.composite.render()?,
            Tick::Skip => mix.composite.skip()?,
        };
        mix.write(outputs)?;
        mix.writer.poll();
        let next = mix.composite.next_tick();
        let now = self.tools.basics.now();
        metrics::histogram!("capstan_composite_tick_seconds")
            .record(now.since(began).as_secs_f64());
        self.count(tick, next);
        if let Some(span) = ended {
            self.mark_overload(span);
        }
        if tick == Tick::Skip && self.overload_events.may(now) {
            let message =
                format!("the composite is {} ms behind: it skips pictures", behind.as_millis());
            let (module, code) = (Module::Recorder, Code::Overload);
            self.tools.notes.warn(Problem { module, level: 3, code, message });
        }
        self.ask_for_keys(now);
        if self.complaints.may(now)
            && let Some(mix) = &self.mix
        {
            self.tools.notes.sees(mix.composite.complaints(), now);
        }
        Ok(())
    }

    fn count(&self, tick: Tick, next: RoomTime) {
        match tick {
            Tick::Render => {
                self.tools.made.picture(next);
                metrics::counter!("capstan_pictures_total").increment(1);
            }
            Tick::Skip => {
                self.tools.made.skipped(next);
                metrics::counter!("capstan_pictures_skipped_total").increment(1);
            }
        }
    }

    /// Asks the layout if the room has changed.
    fn arrange(&mut self) {
        let Some(mix) = &mut self.mix else { return };
        let roster = mix.composite.roster();
        let participants = match roster {
            Some(participants) => participants,
            None if mix.shown.is_none() => mix.composite.participants(),
            None => return,
        };
        let at = mix.composite.next_tick();
        let arranged = self.director.arrange(participants, at);
        if let Some(fault) = arranged.fault {
            self.tools.notes.mark(&Mark::Fault { at, detail: fault.clone() });
            if self.fault_events.may(at) {
                let (module, code) = (Module::Recorder, Code::LayoutFault);
                self.tools.notes.warn(Problem { module, level: 3, code, message: fault });
            }
        }
        self.show(arranged.scene);
    }

    fn change_layout(&mut self, request: LayoutRequest) {
        let LayoutRequest { mut change, answer } = request;
        self.add_images(std::mem::take(&mut change.images));
        let (participants, at) = match &self.mix {
            Some(mix) => (mix.composite.participants(), mix.composite.next_tick()),
            None => (Vec::new(), self.tools.basics.now()),
        };
        let changed = self.director.change(change, participants, at);
        let changed = match changed {
            Ok(scene) => {
                self.show(scene);
                Ok(())
            }
            Err(error) => Err(UpdateLayoutError::Layout(error)),
        };
        // Whoever asked may have gone; the change holds all the same.
        let _ = answer.send(changed);
    }

    /// Takes more images: into the mix, or to those that it will begin with.
    fn add_images(&mut self, images: BTreeMap<String, Image>) {
        let Some(mix) = &mut self.mix else {
            for (name, image) in images {
                self.images.entry(name).or_insert(image);
            }
            return;
        };
        for (name, image) in images {
            if let Err(error) = mix.composite.add_image(name, image) {
                tracing::warn!(sid = %self.tools.basics.settings.sid, %error, "an image is left out");
            }
        }
    }

    /// Paints this scene from the next tick on. Before the first media there is nothing to paint.
    fn show(&mut self, scene: Scene) {
        let Some(mix) = &mut self.mix else { return };
        if mix.shown.as_ref() == Some(&scene) {
            return;
        }
        let at = mix.composite.next_tick();
        mix.shown = Some(scene.clone());
        match mix.composite.set_scene(scene.clone()) {
            Ok(()) => self.tools.notes.mark(&Mark::Scene { at, scene }),
            Err(error) => {
                let detail = error.to_string();
                self.tools.notes.mark(&Mark::Fault { at, detail });
            }
        }
    }

    fn ask_for_keys(&mut self, now: RoomTime) {
        let Some(mix) = &self.mix else { return };
        if !mix.composite.starving().is_empty() && self.keys.may(now) {
            self.keyframes.request();
        }
    }

    fn mark_overload(&mut self, span: Span) {
        let to = self.mix.as_ref().map_or(span.from, |mix| mix.composite.next_tick());
        let Span { from, pictures } = span;
        self.tools.notes.mark(&Mark::Overloaded { from, to, pictures });
    }
}
