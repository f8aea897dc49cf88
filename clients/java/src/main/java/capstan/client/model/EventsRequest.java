package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** Which events are asked for. */
public final class EventsRequest extends Fields {
    private EventsRequest(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static EventsRequest of(Map<String, ?> fields) {
        return new EventsRequest(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Only events with a larger sequence number than this. */
    public Optional<Long> after() {
        return integer("after");
    }

    /** The most entries of a page, 1 to 1000. */
    public Optional<Long> limit() {
        return integer("limit");
    }

    /** Makes a {@link EventsRequest}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Only events with a larger sequence number than this. */
        public Builder after(long after) {
            return with("after", after);
        }

        /** The most entries of a page, 1 to 1000. */
        public Builder limit(long limit) {
            return with("limit", limit);
        }

        /** What was put together so far. */
        public EventsRequest build() {
            return new EventsRequest(map());
        }
    }
}
