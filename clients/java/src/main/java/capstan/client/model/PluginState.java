package capstan.client.model;

import java.util.List;

/** Whether a plugin is asked. A value that this version does not know is kept as it is. */
public final class PluginState extends Choice {
    /** It is. */
    public static final PluginState READY = new PluginState("ready");
    /** Not for a while, after repeated faults. */
    public static final PluginState BENCHED = new PluginState("benched");

    private static final List<PluginState> VALUES = List.of(READY, BENCHED);

    private PluginState(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static PluginState of(String value) {
        return new PluginState(value);
    }

    /** All that this version knows. */
    public static List<PluginState> values() {
        return VALUES;
    }
}
