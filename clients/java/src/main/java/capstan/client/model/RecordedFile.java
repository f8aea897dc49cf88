package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** One file of a recording. */
public final class RecordedFile extends Fields {
    private RecordedFile(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static RecordedFile of(Map<String, ?> fields) {
        return new RecordedFile(fields);
    }

    /** The object's key. */
    public String fileName() {
        return need("fileName", text("fileName").or(() -> text("filename")));
    }

    /** What it holds. */
    public Optional<TrackType> trackType() {
        return text("trackType").map(TrackType::of);
    }

    /** Whose it is; 0 is everybody in one. */
    public Optional<String> uid() {
        return text("uid");
    }

    /** Whether everybody is in it. */
    public Optional<Boolean> mixedAllUser() {
        return flag("mixedAllUser");
    }

    /** Whether a browser's player can be expected to play it. */
    public Optional<Boolean> isPlayable() {
        return flag("isPlayable");
    }

    /** Unix milliseconds of its start. */
    public Optional<Long> sliceStartTime() {
        return integer("sliceStartTime");
    }
}
