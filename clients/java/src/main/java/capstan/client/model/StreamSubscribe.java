package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** Whose streams from now on. */
public final class StreamSubscribe extends Fields {
    private StreamSubscribe(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static StreamSubscribe of(Map<String, ?> fields) {
        return new StreamSubscribe(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Whose sound. */
    public Optional<AudioUidList> audioUidList() {
        return object("audioUidList", AudioUidList::of);
    }

    /** Whose pictures. */
    public Optional<VideoUidList> videoUidList() {
        return object("videoUidList", VideoUidList::of);
    }

    /** Makes a {@link StreamSubscribe}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Whose sound. */
        public Builder audioUidList(AudioUidList audioUidList) {
            return with("audioUidList", audioUidList);
        }

        /** Whose pictures. */
        public Builder videoUidList(VideoUidList videoUidList) {
            return with("videoUidList", videoUidList);
        }

        /** What was put together so far. */
        public StreamSubscribe build() {
            return new StreamSubscribe(map());
        }
    }
}
