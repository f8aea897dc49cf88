package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** A loaded plugin. */
public final class Plugin extends Fields {
    private Plugin(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static Plugin of(Map<String, ?> fields) {
        return new Plugin(fields);
    }

    /** Its name. */
    public String name() {
        return need("name", text("name"));
    }

    /** Its own version. */
    public String version() {
        return need("version", text("version"));
    }

    /** What it does. */
    public String summary() {
        return need("summary", text("summary"));
    }

    /** {@code layout}, {@code storage} or {@code callback}. */
    public String world() {
        return need("world", text("world"));
    }

    /** The contract that it was built against. */
    public String contract() {
        return need("contract", text("contract"));
    }

    /** Bytes. */
    public long size() {
        return need("size", integer("size"));
    }

    /** The JSON Schema of its configuration. */
    public Map<String, Object> configSchema() {
        return object("configSchema");
    }

    /** Whether it is asked. */
    public PluginState state() {
        return need("state", text("state").map(PluginState::of));
    }

    /** For how many milliseconds more it is benched. */
    public Optional<Long> benchedForMs() {
        return integer("benchedForMs");
    }

    /** Jobs and questions that it answered well since it was loaded. */
    public long good() {
        return need("good", integer("good"));
    }

    /** Faults since it was loaded, by class. */
    public Map<String, Object> faults() {
        return object("faults");
    }

    /** How often it was benched since it was loaded. */
    public long benched() {
        return need("benched", integer("benched"));
    }

    /** The newest fault. */
    public Optional<PluginFault> lastFault() {
        return object("lastFault", PluginFault::of);
    }

    /** Why its file's newest state isn't used: this is the one before. */
    public Optional<String> refusedUpdate() {
        return text("refusedUpdate");
    }
}
