//! What Capstan's own interface shows. Nothing of it is secret.

use capstan_archive::facts::StopReason;
use capstan_archive::report::Report;
use capstan_outbox::ports::Notice;
use capstan_outbox::{OwedUpload, Record};
use capstan_recording::status::{Phase, RecordingStatus};
use serde::Serialize;
use serde_json::Value;

use crate::agora::ListedFile;
use crate::context::played_at;
use crate::openapi::{Described, described, merged};
use crate::problem::Problem;

/// Files that haven't left which are shown one by one.
const MAX_WAITING: usize = 100;

described! {
    /// A recording in a list. Times are Unix milliseconds.
    #[derive(Debug, Serialize)]
    pub(super) struct Summary {
        /// Its id.
        pub(super) sid: String as "sid",
        /// Whose it is.
        pub(super) app: String as "app",
        /// The room's name.
        pub(super) room: String as "room",
        /// The recorder's uid.
        pub(super) recorder_uid: u32 as "recorderUid",
        /// `mix`, `individual` or `snapshots`.
        pub(super) mode: String as "mode",
        /// Where it stands: starting, recording, stopping, uploading, done or failed.
        pub(super) state: Phase as "state",
        /// When it began to listen.
        pub(super) started_at: i64 as "startedAt",
        /// When nothing was recorded any more.
        pub(super) ended_at: Option<i64> as "endedAt",
        /// Why it ended: asked, idle, shutdown or failed.
        pub(super) stopped: Option<StopReason> as "stopped",
        /// What made it end abnormally.
        pub(super) failure: Option<String> as "failure",
        /// Once it is over: whether its files hold all that came.
        pub(super) complete: Option<bool> as "complete",
        /// Where it can be watched on this server, while the files are here.
        pub(super) playback_url: Option<String> as "playbackUrl",
    }
}

/// All that is known of a recording.
#[derive(Debug, Serialize)]
pub(super) struct Details {
    #[serde(flatten)]
    summary: Summary,
    #[serde(flatten)]
    more: More,
}

impl Described for Details {
    fn schema() -> Value {
        merged(Summary::schema(), More::schema())
    }
}

described! {
    /// What a list doesn't show.
    #[derive(Debug, Serialize)]
    struct More {
        /// Which storage its files go to: `store` is the server's own.
        storage: String as "storage",
        /// What is before every object's key.
        prefix: String as "prefix",
        /// Its playlists and other listed files.
        files: Vec<ListedFile> as "files",
        /// How its uploads are doing.
        uploads: Uploads as "uploads",
        /// Who sent what.
        tracks: Vec<Track> as "tracks",
        /// Where something is missing, and why.
        troubles: Vec<Trouble> as "troubles",
        /// How many events there are.
        events: u64 as "events",
        /// How many of them nobody has taken yet.
        events_owed: u64 as "eventsOwed",
        /// What went wrong most recently.
        trouble: Option<String> as "trouble",
        /// How it is doing now; absent once it is over.
        live: Option<Live> as "live",
    }
}

described! {
    /// How uploads are doing.
    #[derive(Debug, Serialize)]
    pub(super) struct Uploads {
        /// Files that are to be uploaded.
        owed: u64 as "owed",
        /// Files that the storage refused; they are kept here.
        parked: u64 as "parked",
        /// Files that are in the backup store and wait for their own.
        backed_up: u64 as "backedUp",
        /// Bytes of all segments so far.
        bytes: u64 as "bytes",
        /// Bytes of those that are in the bucket.
        bytes_uploaded: u64 as "bytesUploaded",
        /// Files that haven't left, at most 100.
        waiting: Vec<Waiting> as "waiting",
    }
}

described! {
    /// A file that hasn't left.
    #[derive(Debug, Serialize)]
    struct Waiting {
        /// The object's key.
        key: String as "key",
        /// Failed attempts in a row.
        failures: u32 as "failures",
        /// Whether nobody tries any more.
        parked: bool as "parked",
        /// What the storage said last.
        last_words: Option<String> as "lastWords",
    }
}

described! {
    /// One participant's stream. Times are Unix milliseconds.
    #[derive(Debug, Serialize)]
    struct Track {
        /// Whose.
        uid: u32 as "uid",
        /// audio, camera, screen, screenaudio or otheraudio.
        kind: String as "kind",
        /// How it was encoded, each time it began anew.
        codecs: Vec<String> as "codecs",
        /// When it came first.
        first_at: i64 as "firstAt",
        /// When it ended or fell silent last; absent while it comes.
        last_at: Option<i64> as "lastAt",
    }
}

described! {
    /// A span in which something is missing.
    #[derive(Debug, Serialize)]
    struct Trouble {
        /// From when, Unix milliseconds.
        from: i64 as "from",
        /// To when; absent if only the moment is known.
        to: Option<i64> as "to",
        /// overload, room, tape, composite, segment, fault, file or interrupted; of one track why it isn't
        /// all there, no_key_frame for example.
        kind: String as "kind",
        /// What is missing, or what happened, and what the sender could change.
        what: String as "what",
        /// Whose track, if it is of one.
        uid: Option<u32> as "uid",
        /// Which of theirs: audio, camera or screen.
        track: Option<String> as "track",
        /// Whether the files lack something by it.
        lack: bool as "lack",
    }
}

described! {
    /// How a running recording is doing.
    #[derive(Debug, Serialize)]
    struct Live {
        /// Who is in the room.
        participants: Vec<u32> as "participants",
        /// Segments so far.
        segments: u64 as "segments",
        /// Pictures so far.
        pictures: u64 as "pictures",
        /// Pictures left out because the machine was too busy.
        pictures_skipped: u64 as "picturesSkipped",
        /// Frames on tape.
        frames: u64 as "frames",
        /// Frames that were lost.
        frames_lost: u64 as "framesLost",
    }
}

described! {
    /// One event.
    #[derive(Debug, Serialize)]
    pub(super) struct Event {
        /// Its number within the recording, without gaps.
        sequence: u64 as "sequence",
        /// The same at every delivery.
        notice_id: String as "noticeId",
        /// When it happened, Unix milliseconds.
        at: i64 as "at",
        /// Its stable name, `msgName` of callbacks.
        kind: String as "kind",
        /// Its facts.
        details: Value as "details",
    }
}

/// Reads a state's name.
pub(super) fn state(text: &str) -> Result<Phase, Problem> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| {
        let shown: String = text.chars().take(32).collect();
        Problem::query(format!(
            "state is {shown:?}; it must be starting, recording, stopping, uploading, done or failed"
        ))
    })
}

impl Summary {
    pub(super) fn of(record: &Record, live: Option<&RecordingStatus>, base_url: &str) -> Self {
        let ended = match (&record.ended, record.closed) {
            (None, _) => Phase::Recording,
            (Some(_), false) => Phase::Uploading,
            (Some(end), true) if end.failure.is_some() => Phase::Failed,
            (Some(_), true) => Phase::Done,
        };
        Self {
            sid: record.sid.clone(),
            app: record.room.app.clone(),
            room: record.room.name.clone(),
            recorder_uid: record.recorder_uid,
            mode: record.mode.name().to_owned(),
            state: live.map_or(ended, |status| status.phase),
            started_at: record.begun.as_millis(),
            ended_at: record.ended.as_ref().map(|end| end.at.as_millis()),
            stopped: record.ended.as_ref().map(|end| end.reason),
            failure: record.ended.as_ref().and_then(|end| end.failure.clone()),
            complete: record.closed.then(|| record.is_complete()),
            playback_url: played_at(base_url, record),
        }
    }
}

impl Uploads {
    pub(super) fn of(record: &Record, uploads: Vec<OwedUpload>) -> Self {
        let waiting = uploads.into_iter().take(MAX_WAITING).map(|upload| Waiting {
            key: upload.key,
            failures: upload.failures,
            parked: upload.parked.is_some(),
            last_words: upload.trouble.or(upload.parked),
        });
        Self {
            owed: record.owed.uploads,
            parked: record.owed.parked,
            backed_up: record.owed.backed_up,
            bytes: record.bytes,
            bytes_uploaded: record.bytes_uploaded,
            waiting: waiting.collect(),
        }
    }
}

impl Details {
    pub(super) fn of(
        summary: Summary,
        record: Record,
        uploads: Vec<OwedUpload>,
        report: Report,
        status: Option<&RecordingStatus>,
    ) -> Self {
        let uploads = Uploads::of(&record, uploads);
        let more = More {
            storage: record.storage,
            prefix: record.prefix,
            files: record.files.iter().map(ListedFile::from).collect(),
            uploads,
            tracks: report.tracks.iter().map(Track::from).collect(),
            troubles: report.troubles.iter().chain(&record.never_made).map(Trouble::from).collect(),
            events: record.events,
            events_owed: record.owed.events,
            trouble: status.and_then(|status| status.trouble.clone()),
            live: status.map(Live::from),
        };
        Self { summary, more }
    }
}

impl From<&capstan_archive::report::TrackReport> for Track {
    fn from(track: &capstan_archive::report::TrackReport) -> Self {
        Self {
            uid: track.track.uid.get(),
            kind: track.track.kind.name().to_owned(),
            codecs: track.codecs.iter().map(|codec| codec.name().to_owned()).collect(),
            first_at: track.first.as_millis(),
            last_at: track.last.map(|last| last.as_millis()),
        }
    }
}

impl From<&capstan_archive::report::Trouble> for Trouble {
    fn from(trouble: &capstan_archive::report::Trouble) -> Self {
        Self {
            from: trouble.from.as_millis(),
            to: trouble.to.map(|to| to.as_millis()),
            kind: trouble.kind.name().to_owned(),
            what: trouble.what.clone(),
            uid: trouble.track.map(|track| track.uid.get()),
            track: trouble.track.map(|track| track.kind.name().to_owned()),
            lack: trouble.kind.is_lack(),
        }
    }
}

impl From<&RecordingStatus> for Live {
    fn from(status: &RecordingStatus) -> Self {
        Self {
            participants: status.participants.iter().map(|uid| uid.get()).collect(),
            segments: status.segments,
            pictures: status.pictures,
            pictures_skipped: status.pictures_skipped,
            frames: status.frames,
            frames_lost: status.frames_lost,
        }
    }
}

impl From<Notice> for Event {
    fn from(notice: Notice) -> Self {
        Self {
            sequence: notice.sequence,
            notice_id: notice.id,
            at: notice.at_ms,
            kind: notice.kind,
            details: notice.details,
        }
    }
}
