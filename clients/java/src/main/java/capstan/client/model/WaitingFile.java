package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** A file that hasn't left. */
public final class WaitingFile extends Fields {
    private WaitingFile(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static WaitingFile of(Map<String, ?> fields) {
        return new WaitingFile(fields);
    }

    /** The object's key. */
    public String key() {
        return need("key", text("key"));
    }

    /** Failed attempts in a row. */
    public long failures() {
        return need("failures", integer("failures"));
    }

    /** Whether nobody tries any more. */
    public boolean parked() {
        return need("parked", flag("parked"));
    }

    /** What the storage said last. */
    public Optional<String> lastWords() {
        return text("lastWords");
    }
}
