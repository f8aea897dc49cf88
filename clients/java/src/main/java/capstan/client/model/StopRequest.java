package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** {@code clientRequest} of {@code stop}. */
public final class StopRequest extends Fields {
    private StopRequest(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static StopRequest of(Map<String, ?> fields) {
        return new StopRequest(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Whether the answer comes at once instead of when everything is uploaded. */
    public Optional<Boolean> asyncStop() {
        return flag("async_stop");
    }

    /** Makes a {@link StopRequest}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Whether the answer comes at once instead of when everything is uploaded. */
        public Builder asyncStop(boolean asyncStop) {
            return with("async_stop", asyncStop);
        }

        /** What was put together so far. */
        public StopRequest build() {
            return new StopRequest(map());
        }
    }
}
