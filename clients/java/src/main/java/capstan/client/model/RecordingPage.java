package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A page of recordings. */
public final class RecordingPage extends Fields {
    private RecordingPage(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static RecordingPage of(Map<String, ?> fields) {
        return new RecordingPage(fields);
    }

    /** The recordings, the latest first. */
    public List<RecordingSummary> recordings() {
        return objects("recordings", RecordingSummary::of);
    }

    /** What to give as {@code after} for the next page; absent on the last one. */
    public Optional<String> next() {
        return text("next");
    }
}
