package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** A span in which something is missing. */
public final class Trouble extends Fields {
    private Trouble(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static Trouble of(Map<String, ?> fields) {
        return new Trouble(fields);
    }

    /** From when, Unix milliseconds. */
    public long from() {
        return need("from", integer("from"));
    }

    /** To when; absent if only the moment is known. */
    public Optional<Long> to() {
        return integer("to");
    }

    /** What kind it is: {@code overload} or {@code tape}, say. */
    public String kind() {
        return need("kind", text("kind"));
    }

    /** What is missing, or what happened. */
    public String what() {
        return need("what", text("what"));
    }
}
