package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All that is known of a recording. */
public final class RecordingDetails extends Fields {
    private RecordingDetails(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static RecordingDetails of(Map<String, ?> fields) {
        return new RecordingDetails(fields);
    }

    /** Its id. */
    public String sid() {
        return need("sid", text("sid"));
    }

    /** Whose it is. */
    public String app() {
        return need("app", text("app"));
    }

    /** The room's name. */
    public String room() {
        return need("room", text("room"));
    }

    /** The recorder's uid. */
    public long recorderUid() {
        return need("recorderUid", integer("recorderUid"));
    }

    /** {@code mix}, {@code individual} or {@code snapshots}. */
    public String mode() {
        return need("mode", text("mode"));
    }

    /** Where it stands. */
    public RecordingState state() {
        return need("state", text("state").map(RecordingState::of));
    }

    /** When it began to listen, Unix milliseconds. */
    public long startedAt() {
        return need("startedAt", integer("startedAt"));
    }

    /** When nothing was recorded any more. */
    public Optional<Long> endedAt() {
        return integer("endedAt");
    }

    /** Why it ended. */
    public Optional<StopReason> stopped() {
        return text("stopped").map(StopReason::of);
    }

    /** What made it end abnormally. */
    public Optional<String> failure() {
        return text("failure");
    }

    /** Once it is over: whether its files hold all that came. */
    public Optional<Boolean> complete() {
        return flag("complete");
    }

    /** Where it can be watched on the server, while the files are there. */
    public Optional<String> playbackUrl() {
        return text("playbackUrl");
    }

    /** Which storage its files go to: {@code store} is the server's own. */
    public String storage() {
        return need("storage", text("storage"));
    }

    /** What is before every object's key. */
    public String prefix() {
        return need("prefix", text("prefix"));
    }

    /** Its playlists and other listed files. */
    public List<RecordedFile> files() {
        return objects("files", RecordedFile::of);
    }

    /** How its uploads are doing. */
    public Uploads uploads() {
        return need("uploads", object("uploads", Uploads::of));
    }

    /** Who sent what. */
    public List<Track> tracks() {
        return objects("tracks", Track::of);
    }

    /** Where something is missing, and why. */
    public List<Trouble> troubles() {
        return objects("troubles", Trouble::of);
    }

    /** How many events there are. */
    public long events() {
        return need("events", integer("events"));
    }

    /** How many of them nobody has taken yet. */
    public long eventsOwed() {
        return need("eventsOwed", integer("eventsOwed"));
    }

    /** What went wrong most recently. */
    public Optional<String> trouble() {
        return text("trouble");
    }

    /** How it is doing now; absent once it is over. */
    public Optional<Live> live() {
        return object("live", Live::of);
    }
}
