package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** A recording in a list. */
public final class RecordingSummary extends Fields {
    private RecordingSummary(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static RecordingSummary of(Map<String, ?> fields) {
        return new RecordingSummary(fields);
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
}
