package capstan.client.model;

import java.util.List;
import java.util.Map;

/** The plugins of a server. */
public final class PluginList extends Fields {
    private PluginList(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static PluginList of(Map<String, ?> fields) {
        return new PluginList(fields);
    }

    /** What was loaded. */
    public List<Plugin> plugins() {
        return objects("plugins", Plugin::of);
    }

    /** What couldn't be loaded. */
    public List<RefusedPlugin> refused() {
        return objects("refused", RefusedPlugin::of);
    }
}
