package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * The facts of an event: one of the nested classes by the event's name, {@link Other} for a name
 * that this version doesn't know.
 */
public abstract class EventDetails extends Fields {
    /** The events that this version knows, by name. */
    private static final Map<String, Kind> KINDS = Map.ofEntries(
            kind("cloud_recording_error", 1, Failed::new),
            kind("cloud_recording_warning", 2, Warned::new),
            kind("cloud_recording_status_update", 3, Misused::new),
            kind("cloud_recording_file_infos", 4, FileInfos::new),
            kind("session_exit", 11, SessionExited::new),
            kind("session_failover", 12, FailedOver::new),
            kind("uploader_started", 30, UploaderStarted::new),
            kind("uploaded", 31, Uploaded::new),
            kind("backuped", 32, BackedUp::new),
            kind("uploading_progress", 33, Progress::new),
            kind("recorder_started", 40, RecorderStarted::new),
            kind("recorder_leave", 41, RecorderLeft::new),
            kind("recorder_slice_start", 42, SliceStarted::new),
            kind("recorder_audio_stream_state_changed", 43, AudioChanged::new),
            kind("recorder_video_stream_state_changed", 44, VideoChanged::new),
            kind("recorder_snapshot_file", 45, SnapshotUploaded::new));

    private EventDetails(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads the facts of an event of that name. */
    public static EventDetails of(String kind, Map<String, ?> fields) {
        Kind known = KINDS.get(kind);
        return known == null ? new Other(fields) : known.read.apply(fields);
    }

    /** The number ({@code eventType}) of events of that name; empty for an unknown name. */
    public static OptionalInt type(String kind) {
        Kind known = KINDS.get(kind);
        return known == null ? OptionalInt.empty() : OptionalInt.of(known.number);
    }

    private static Map.Entry<String, Kind> kind(
            String name, int number, Function<Map<String, ?>, EventDetails> read) {
        return Map.entry(name, new Kind(number, read));
    }

    private static final class Kind {
        final int number;
        final Function<Map<String, ?>, EventDetails> read;

        Kind(int number, Function<Map<String, ?>, EventDetails> read) {
            this.number = number;
            this.read = read;
        }
    }

    /** 1: Something failed that somebody has to look at. */
    public static final class Failed extends EventDetails {
        private Failed(Map<String, ?> fields) {
            super(fields);
        }

        /** Where: 0 recorder, 1 uploader, 2 everything around them. */
        public Optional<Long> module() {
            return integer("module");
        }

        /** How bad: 1 debug to 5 fatal. */
        public Optional<Long> errorLevel() {
            return integer("errorLevel");
        }

        /** Which. */
        public Optional<Long> errorCode() {
            return integer("errorCode");
        }

        /** 0. */
        public Optional<Long> stat() {
            return integer("stat");
        }

        /** For an operator's eyes. */
        public Optional<String> errorMsg() {
            return text("errorMsg");
        }
    }

    /** 2: Something went wrong and the recording went on. */
    public static final class Warned extends EventDetails {
        private Warned(Map<String, ?> fields) {
            super(fields);
        }

        /** Where: 0 recorder, 1 uploader, 2 everything around them. */
        public Optional<Long> module() {
            return integer("module");
        }

        /** Which. */
        public Optional<Long> warnCode() {
            return integer("warnCode");
        }

        /** For an operator's eyes. */
        public Optional<String> warnMsg() {
            return text("warnMsg");
        }
    }

    /** 3: The API was asked for what doesn't fit the recording's state. */
    public static final class Misused extends EventDetails {
        private Misused(Map<String, ?> fields) {
            super(fields);
        }

        /** The state. */
        public Optional<Status> status() {
            return small("status").map(Status::of);
        }

        /** 0 individual, 1 mix. */
        public Optional<Long> recordingMode() {
            return integer("recordingMode");
        }

        /** The playlist's key. */
        public Optional<String> fileList() {
            return text("fileList");
        }
    }

    /** 4: The playlist is in the bucket for the first time. */
    public static final class FileInfos extends EventDetails {
        private FileInfos(Map<String, ?> fields) {
            super(fields);
        }

        /** The playlist's key. */
        public Optional<String> fileList() {
            return text("fileList");
        }
    }

    /** 11: The last event of a session. */
    public static final class SessionExited extends EventDetails {
        private SessionExited(Map<String, ?> fields) {
            super(fields);
        }

        /** 0 if it ended as it should, 1 if not. */
        public Optional<Long> exitStatus() {
            return integer("exitStatus").or(() -> integer("leaveStatus"));
        }
    }

    /** 12: Another recorder took over. */
    public static final class FailedOver extends EventDetails {
        private FailedOver(Map<String, ?> fields) {
            super(fields);
        }

        /** Its uid. */
        public Optional<Long> newUid() {
            return integer("newUid");
        }
    }

    /** 30: What it makes will be uploaded. */
    public static final class UploaderStarted extends EventDetails {
        private UploaderStarted(Map<String, ?> fields) {
            super(fields);
        }

        /** 0. */
        public Optional<Long> status() {
            return integer("status");
        }
    }

    /** 31: Every file is in the bucket. */
    public static final class Uploaded extends EventDetails {
        private Uploaded(Map<String, ?> fields) {
            super(fields);
        }

        /** 0. */
        public Optional<Long> status() {
            return integer("status");
        }

        /** The playlists and files. */
        public List<RecordedFile> fileList() {
            return objects("fileList", RecordedFile::of);
        }
    }

    /** 32: Every file has left, at least one of them only to the backup store. */
    public static final class BackedUp extends EventDetails {
        private BackedUp(Map<String, ?> fields) {
            super(fields);
        }

        /** 0. */
        public Optional<Long> status() {
            return integer("status");
        }

        /** The playlists and files. */
        public List<RecordedFile> fileList() {
            return objects("fileList", RecordedFile::of);
        }
    }

    /** 33: How much of what was recorded is uploaded. */
    public static final class Progress extends EventDetails {
        private Progress(Map<String, ?> fields) {
            super(fields);
        }

        /** Ten-thousandths. */
        public Optional<Long> progress() {
            return integer("progress");
        }
    }

    /** 40: The recording listens to the room. */
    public static final class RecorderStarted extends EventDetails {
        private RecorderStarted(Map<String, ?> fields) {
            super(fields);
        }

        /** 0. */
        public Optional<Long> status() {
            return integer("status");
        }
    }

    /** 41: Nothing is recorded any more. */
    public static final class RecorderLeft extends EventDetails {
        private RecorderLeft(Map<String, ?> fields) {
            super(fields);
        }

        /** Why, as bits: 4 idle, 16 asked, 2 shut down. */
        public Optional<Long> leaveCode() {
            return integer("leaveCode");
        }
    }

    /** 42: The first slice of a track began, or the first after a break. */
    public static final class SliceStarted extends EventDetails {
        private SliceStarted(Map<String, ?> fields) {
            super(fields);
        }

        /** When, Unix milliseconds. */
        public Optional<Long> startUtcMs() {
            return integer("startUtcMs");
        }

        /** Where the slice before ended. */
        public Optional<Long> discontinueUtcMs() {
            return integer("discontinueUtcMs");
        }

        /** Whether it is everybody in one. */
        public Optional<Boolean> mixedAllUser() {
            return flag("mixedAllUser");
        }

        /** Whose; 0 is everybody in one. */
        public Optional<String> streamUid() {
            return text("streamUid");
        }

        /** What it holds. */
        public Optional<TrackType> trackType() {
            return text("trackType").map(TrackType::of);
        }
    }

    /** 43: Somebody's sound comes, or comes no more. */
    public static final class AudioChanged extends EventDetails {
        private AudioChanged(Map<String, ?> fields) {
            super(fields);
        }

        /** Whose; 0 is everybody in one. */
        public Optional<String> streamUid() {
            return text("streamUid");
        }

        /** 0 it comes, 1 it does not. */
        public Optional<Long> state() {
            return integer("state");
        }

        /** When, Unix milliseconds. */
        public Optional<Long> utcMs() {
            return integer("UtcMs");
        }
    }

    /** 44: Somebody's pictures come, or come no more. */
    public static final class VideoChanged extends EventDetails {
        private VideoChanged(Map<String, ?> fields) {
            super(fields);
        }

        /** Whose; 0 is everybody in one. */
        public Optional<String> streamUid() {
            return text("streamUid");
        }

        /** 0 they come, 1 they do not. */
        public Optional<Long> state() {
            return integer("state");
        }

        /** When, Unix milliseconds. */
        public Optional<Long> utcMs() {
            return integer("UtcMs");
        }
    }

    /** 45: A screenshot is in the bucket. */
    public static final class SnapshotUploaded extends EventDetails {
        private SnapshotUploaded(Map<String, ?> fields) {
            super(fields);
        }

        /** Its key. */
        public Optional<String> fileName() {
            return text("fileName");
        }
    }

    /** An event of a newer server: see {@link #fields()}. */
    public static final class Other extends EventDetails {
        private Other(Map<String, ?> fields) {
            super(fields);
        }
    }
}
