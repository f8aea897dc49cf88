package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One participant's stream. */
public final class Track extends Fields {
    private Track(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static Track of(Map<String, ?> fields) {
        return new Track(fields);
    }

    /** Whose. */
    public long uid() {
        return need("uid", integer("uid"));
    }

    /** {@code audio}, {@code camera} or {@code screen}. */
    public String kind() {
        return need("kind", text("kind"));
    }

    /** How it was encoded, each time it began anew. */
    public List<String> codecs() {
        return texts("codecs");
    }

    /** When it came first, Unix milliseconds. */
    public long firstAt() {
        return need("firstAt", integer("firstAt"));
    }

    /** When it ended or fell silent last; absent while it comes. */
    public Optional<Long> lastAt() {
        return integer("lastAt");
    }
}
