package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** {@code clientRequest} of {@code update}: other subscriptions, or fresh storage keys. */
public final class UpdateRequest extends Fields {
    private UpdateRequest(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static UpdateRequest of(Map<String, ?> fields) {
        return new UpdateRequest(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Other lists, which replace those there are. */
    public Optional<StreamSubscribe> streamSubscribe() {
        return object("streamSubscribe", StreamSubscribe::of);
    }

    /** Fresh keys. */
    public Optional<StorageConfig> storageConfig() {
        return object("storageConfig", StorageConfig::of);
    }

    /** Makes a {@link UpdateRequest}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Other lists, which replace those there are. */
        public Builder streamSubscribe(StreamSubscribe streamSubscribe) {
            return with("streamSubscribe", streamSubscribe);
        }

        /** Fresh keys. */
        public Builder storageConfig(StorageConfig storageConfig) {
            return with("storageConfig", storageConfig);
        }

        /** What was put together so far. */
        public UpdateRequest build() {
            return new UpdateRequest(map());
        }
    }
}
