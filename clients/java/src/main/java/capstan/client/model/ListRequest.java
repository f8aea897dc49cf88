package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** Which recordings are asked for. */
public final class ListRequest extends Fields {
    private ListRequest(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static ListRequest of(Map<String, ?> fields) {
        return new ListRequest(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Only of this app. */
    public Optional<String> app() {
        return text("app");
    }

    /** Only of this room. */
    public Optional<String> room() {
        return text("room");
    }

    /** Only in this state. */
    public Optional<RecordingState> state() {
        return text("state").map(RecordingState::of);
    }

    /** Only those that began at this time or later, in Unix milliseconds. */
    public Optional<Long> since() {
        return integer("since");
    }

    /** The most entries of a page, 1 to 1000. */
    public Optional<Long> limit() {
        return integer("limit");
    }

    /** {@code next} of the page before. */
    public Optional<String> after() {
        return text("after");
    }

    /** Makes a {@link ListRequest}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Only of this app. */
        public Builder app(String app) {
            return with("app", app);
        }

        /** Only of this room. */
        public Builder room(String room) {
            return with("room", room);
        }

        /** Only in this state. */
        public Builder state(RecordingState state) {
            return with("state", state);
        }

        /** Only those that began at this time or later, in Unix milliseconds. */
        public Builder since(long since) {
            return with("since", since);
        }

        /** The most entries of a page, 1 to 1000. */
        public Builder limit(long limit) {
            return with("limit", limit);
        }

        /** {@code next} of the page before. */
        public Builder after(String after) {
            return with("after", after);
        }

        /** What was put together so far. */
        public ListRequest build() {
            return new ListRequest(map());
        }
    }
}
