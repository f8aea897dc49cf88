package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code clientRequest} of {@code updateLayout}. It replaces all layout settings: what is left
 * out falls back to its default.
 */
public final class LayoutRequest extends Fields {
    private LayoutRequest(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static LayoutRequest of(Map<String, ?> fields) {
        return new LayoutRequest(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** How participants are arranged; float unless given. */
    public Optional<MixedVideoLayout> mixedVideoLayout() {
        return small("mixedVideoLayout").map(MixedVideoLayout::of);
    }

    /** Whose picture is the big one of the vertical layout. */
    public Optional<String> maxResolutionUid() {
        return text("maxResolutionUid");
    }

    /** # and six hex digits; black unless given. */
    public Optional<String> backgroundColor() {
        return text("backgroundColor");
    }

    /** A picture behind everything: a URL or the name of one of the server's images. */
    public Optional<String> backgroundImage() {
        return text("backgroundImage");
    }

    /** A picture for whoever sends none. */
    public Optional<String> defaultUserBackgroundImage() {
        return text("defaultUserBackgroundImage");
    }

    /** Pictures of single participants. */
    public List<BackgroundConfig> backgroundConfig() {
        return objects("backgroundConfig", BackgroundConfig::of);
    }

    /** Capstan's own: another layout plugin, or options for one. */
    public Optional<LayoutPlugin> layout() {
        return object("layout", LayoutPlugin::of);
    }

    /** The regions of the custom layout, at most 17. */
    public List<LayoutRegion> layoutConfig() {
        return objects("layoutConfig", LayoutRegion::of);
    }

    /** Makes a {@link LayoutRequest}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** How participants are arranged; float unless given. */
        public Builder mixedVideoLayout(MixedVideoLayout mixedVideoLayout) {
            return with("mixedVideoLayout", mixedVideoLayout);
        }

        /** Whose picture is the big one of the vertical layout. */
        public Builder maxResolutionUid(String maxResolutionUid) {
            return with("maxResolutionUid", maxResolutionUid);
        }

        /** # and six hex digits; black unless given. */
        public Builder backgroundColor(String backgroundColor) {
            return with("backgroundColor", backgroundColor);
        }

        /** A picture behind everything: a URL or the name of one of the server's images. */
        public Builder backgroundImage(String backgroundImage) {
            return with("backgroundImage", backgroundImage);
        }

        /** A picture for whoever sends none. */
        public Builder defaultUserBackgroundImage(String defaultUserBackgroundImage) {
            return with("defaultUserBackgroundImage", defaultUserBackgroundImage);
        }

        /** Pictures of single participants. */
        public Builder backgroundConfig(List<BackgroundConfig> backgroundConfig) {
            return with("backgroundConfig", backgroundConfig);
        }

        /** Pictures of single participants. */
        public Builder backgroundConfig(BackgroundConfig... backgroundConfig) {
            return with("backgroundConfig", List.of(backgroundConfig));
        }

        /** Capstan's own: another layout plugin, or options for one. */
        public Builder layout(LayoutPlugin layout) {
            return with("layout", layout);
        }

        /** The regions of the custom layout, at most 17. */
        public Builder layoutConfig(List<LayoutRegion> layoutConfig) {
            return with("layoutConfig", layoutConfig);
        }

        /** The regions of the custom layout, at most 17. */
        public Builder layoutConfig(LayoutRegion... layoutConfig) {
            return with("layoutConfig", List.of(layoutConfig));
        }

        /** What was put together so far. */
        public LayoutRequest build() {
            return new LayoutRequest(map());
        }
    }
}
