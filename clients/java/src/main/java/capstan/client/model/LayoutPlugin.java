package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** Capstan's own: a layout plugin by its name, and options for it. */
public final class LayoutPlugin extends Fields {
    private LayoutPlugin(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static LayoutPlugin of(Map<String, ?> fields) {
        return new LayoutPlugin(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** The plugin's name. */
    public Optional<String> name() {
        return text("name");
    }

    /** Its options, over what the other fields say. */
    public Map<String, Object> options() {
        return object("options");
    }

    /** Makes a {@link LayoutPlugin}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** The plugin's name. */
        public Builder name(String name) {
            return with("name", name);
        }

        /** Its options, over what the other fields say. */
        public Builder options(Map<String, ?> options) {
            return with("options", options);
        }

        /** What was put together so far. */
        public LayoutPlugin build() {
            return new LayoutPlugin(map());
        }
    }
}
