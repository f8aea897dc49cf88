package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** One region of the custom layout, in parts of the canvas. */
public final class LayoutRegion extends Fields {
    private LayoutRegion(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static LayoutRegion of(Map<String, ?> fields) {
        return new LayoutRegion(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** For whom it is reserved; without it for whoever joined next. */
    public Optional<String> uid() {
        return text("uid");
    }

    /** Left edge, 0.0 to 1.0. */
    public double xAxis() {
        return need("x_axis", number("x_axis"));
    }

    /** Top edge, 0.0 to 1.0. */
    public double yAxis() {
        return need("y_axis", number("y_axis"));
    }

    /** In widths of the canvas. */
    public double width() {
        return need("width", number("width"));
    }

    /** In heights of the canvas. */
    public double height() {
        return need("height", number("height"));
    }

    /** 0.0: transparent, 1.0: opaque, which it is unless given. */
    public Optional<Double> alpha() {
        return number("alpha");
    }

    /** How a picture fits; cropped unless given. */
    public Optional<RenderMode> renderMode() {
        return small("render_mode").map(RenderMode::of);
    }

    /** Makes a {@link LayoutRegion}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** For whom it is reserved; without it for whoever joined next. */
        public Builder uid(String uid) {
            return with("uid", uid);
        }

        /** Left edge, 0.0 to 1.0. */
        public Builder xAxis(double xAxis) {
            return with("x_axis", xAxis);
        }

        /** Top edge, 0.0 to 1.0. */
        public Builder yAxis(double yAxis) {
            return with("y_axis", yAxis);
        }

        /** In widths of the canvas. */
        public Builder width(double width) {
            return with("width", width);
        }

        /** In heights of the canvas. */
        public Builder height(double height) {
            return with("height", height);
        }

        /** 0.0: transparent, 1.0: opaque, which it is unless given. */
        public Builder alpha(double alpha) {
            return with("alpha", alpha);
        }

        /** How a picture fits; cropped unless given. */
        public Builder renderMode(RenderMode renderMode) {
            return with("render_mode", renderMode);
        }

        /** What was put together so far. */
        public LayoutRegion build() {
            return new LayoutRegion(map());
        }
    }
}
