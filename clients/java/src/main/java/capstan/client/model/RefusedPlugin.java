package capstan.client.model;

import java.util.Map;

/** A file that gave no plugin. */
public final class RefusedPlugin extends Fields {
    private RefusedPlugin(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static RefusedPlugin of(Map<String, ?> fields) {
        return new RefusedPlugin(fields);
    }

    /** Its name. */
    public String file() {
        return need("file", text("file"));
    }

    /** Why. */
    public String reason() {
        return need("reason", text("reason"));
    }
}
