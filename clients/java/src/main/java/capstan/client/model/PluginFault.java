package capstan.client.model;

import java.util.Map;

/** A plugin's fault. */
public final class PluginFault extends Fields {
    private PluginFault(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static PluginFault of(Map<String, ?> fields) {
        return new PluginFault(fields);
    }

    /** When, Unix milliseconds. */
    public long at() {
        return need("at", integer("at"));
    }

    /** Its class. */
    public String kind() {
        return need("kind", text("kind"));
    }

    /** What happened. */
    public String detail() {
        return need("detail", text("detail"));
    }
}
