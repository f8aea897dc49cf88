package capstan.client;

import capstan.client.model.Mode;
import java.util.Objects;

/** What names a running recording in the API. Keep it to control the recording from elsewhere. */
public final class RecordingId {
    private final Recorder recorder;
    private final Mode mode;
    private final String resourceId;
    private final String sid;

    /** The names that {@code acquire} and {@code start} gave. */
    public RecordingId(Recorder recorder, Mode mode, String resourceId, String sid) {
        this.recorder = Objects.requireNonNull(recorder, "recorder");
        this.mode = Objects.requireNonNull(mode, "mode");
        this.resourceId = Objects.requireNonNull(resourceId, "resourceId");
        this.sid = Objects.requireNonNull(sid, "sid");
    }

    /** The room, and the recorder in it. */
    public Recorder recorder() {
        return recorder;
    }

    /** The mode in which it was started. */
    public Mode mode() {
        return mode;
    }

    /** What {@code acquire} gave. */
    public String resourceId() {
        return resourceId;
    }

    /** What {@code start} gave. */
    public String sid() {
        return sid;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RecordingId && ((RecordingId) other).recorder.equals(recorder)
                && ((RecordingId) other).mode.equals(mode)
                && ((RecordingId) other).resourceId.equals(resourceId)
                && ((RecordingId) other).sid.equals(sid);
    }

    @Override
    public int hashCode() {
        return sid.hashCode();
    }

    @Override
    public String toString() {
        return sid + " (" + recorder + ", " + mode + ")";
    }
}
