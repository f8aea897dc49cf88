package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** Checked and ignored by Capstan. */
public final class AppsCollection extends Fields {
    private AppsCollection(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static AppsCollection of(Map<String, ?> fields) {
        return new AppsCollection(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** {@code default}. */
    public Optional<String> combinationPolicy() {
        return text("combinationPolicy");
    }

    /** Makes a {@link AppsCollection}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** {@code default}. */
        public Builder combinationPolicy(String combinationPolicy) {
            return with("combinationPolicy", combinationPolicy);
        }

        /** What was put together so far. */
        public AppsCollection build() {
            return new AppsCollection(map());
        }
    }
}
