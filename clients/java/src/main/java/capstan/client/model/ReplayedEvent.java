package capstan.client.model;

import java.util.Map;

/** One event, told again. */
public final class ReplayedEvent extends Fields {
    private ReplayedEvent(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static ReplayedEvent of(Map<String, ?> fields) {
        return new ReplayedEvent(fields);
    }

    /** Its number within the recording, without gaps. */
    public long sequence() {
        return need("sequence", integer("sequence"));
    }

    /** The same at every delivery. */
    public String noticeId() {
        return need("noticeId", text("noticeId"));
    }

    /** When it happened, Unix milliseconds. */
    public long at() {
        return need("at", integer("at"));
    }

    /** Its stable name, {@code msgName} of callbacks. */
    public String kind() {
        return need("kind", text("kind"));
    }

    /** Its facts. */
    public Map<String, Object> details() {
        return object("details");
    }
}
