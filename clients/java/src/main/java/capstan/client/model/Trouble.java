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

    /**
     * What kind it is: {@code overload} or {@code tape}, say; of one track why it
     * isn't all there, {@code no_key_frame} for example.
     */
    public String kind() {
        return need("kind", text("kind"));
    }

    /** What is missing, or what happened, and what the sender could change. */
    public String what() {
        return need("what", text("what"));
    }

    /** Whose track, if it is of one. */
    public Optional<Long> uid() {
        return integer("uid");
    }

    /** Which of theirs: {@code audio}, {@code camera} or {@code screen}. */
    public Optional<String> track() {
        return text("track");
    }

    /** Whether the files lack something by it. */
    public boolean lack() {
        return need("lack", flag("lack"));
    }
}
