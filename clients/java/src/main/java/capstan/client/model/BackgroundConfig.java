package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** A participant's picture, shown while they send none. */
public final class BackgroundConfig extends Fields {
    private BackgroundConfig(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static BackgroundConfig of(Map<String, ?> fields) {
        return new BackgroundConfig(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Whose. */
    public String uid() {
        return need("uid", text("uid"));
    }

    /** A URL, or the name of one of the server's images. */
    public String imageUrl() {
        return need("image_url", text("image_url"));
    }

    /** How it fits; cropped unless given. */
    public Optional<RenderMode> renderMode() {
        return small("render_mode").map(RenderMode::of);
    }

    /** Makes a {@link BackgroundConfig}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Whose. */
        public Builder uid(String uid) {
            return with("uid", uid);
        }

        /** A URL, or the name of one of the server's images. */
        public Builder imageUrl(String imageUrl) {
            return with("image_url", imageUrl);
        }

        /** How it fits; cropped unless given. */
        public Builder renderMode(RenderMode renderMode) {
            return with("render_mode", renderMode);
        }

        /** What was put together so far. */
        public BackgroundConfig build() {
            return new BackgroundConfig(map());
        }
    }
}
