package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** More for the storage vendor. */
public final class ExtensionParams extends Fields {
    private ExtensionParams(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static ExtensionParams of(Map<String, ?> fields) {
        return new ExtensionParams(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Encryption at rest. */
    public Optional<ServerSideEncryption> sse() {
        return text("sse").map(ServerSideEncryption::of);
    }

    /** A tag of every object. */
    public Optional<String> tag() {
        return text("tag");
    }

    /** The store's address, for vendor 11. */
    public Optional<String> endpoint() {
        return text("endpoint");
    }

    /** Checked and ignored. */
    public Optional<Boolean> enableNTPtimestamp() {
        return flag("enableNTPtimestamp");
    }

    /** Makes a {@link ExtensionParams}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Encryption at rest. */
        public Builder sse(ServerSideEncryption sse) {
            return with("sse", sse);
        }

        /** A tag of every object. */
        public Builder tag(String tag) {
            return with("tag", tag);
        }

        /** The store's address, for vendor 11. */
        public Builder endpoint(String endpoint) {
            return with("endpoint", endpoint);
        }

        /** Checked and ignored. */
        public Builder enableNTPtimestamp(boolean enableNTPtimestamp) {
            return with("enableNTPtimestamp", enableNTPtimestamp);
        }

        /** What was put together so far. */
        public ExtensionParams build() {
            return new ExtensionParams(map());
        }
    }
}
