package capstan.client.model;

import java.util.List;
import java.util.Map;

/** How a running recording is doing. */
public final class Live extends Fields {
    private Live(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static Live of(Map<String, ?> fields) {
        return new Live(fields);
    }

    /** Who is in the room. */
    public List<Long> participants() {
        return integers("participants");
    }

    /** Segments so far. */
    public long segments() {
        return need("segments", integer("segments"));
    }

    /** Pictures so far. */
    public long pictures() {
        return need("pictures", integer("pictures"));
    }

    /** Pictures left out because the machine was too busy. */
    public long picturesSkipped() {
        return need("picturesSkipped", integer("picturesSkipped"));
    }

    /** Frames on tape. */
    public long frames() {
        return need("frames", integer("frames"));
    }

    /** Frames that were lost. */
    public long framesLost() {
        return need("framesLost", integer("framesLost"));
    }
}
