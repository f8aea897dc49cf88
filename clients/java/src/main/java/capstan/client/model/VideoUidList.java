package capstan.client.model;

import java.util.List;
import java.util.Map;

/** Whose pictures: one of the two lists. */
public final class VideoUidList extends Fields {
    private VideoUidList(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static VideoUidList of(Map<String, ?> fields) {
        return new VideoUidList(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Whose; {@code #allstream#} alone is everybody. */
    public List<String> subscribeVideoUids() {
        return texts("subscribeVideoUids");
    }

    /** Whose not. */
    public List<String> unSubscribeVideoUids() {
        return texts("unSubscribeVideoUids");
    }

    /** Makes a {@link VideoUidList}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Whose; {@code #allstream#} alone is everybody. */
        public Builder subscribeVideoUids(List<String> subscribeVideoUids) {
            return with("subscribeVideoUids", subscribeVideoUids);
        }

        /** Whose; {@code #allstream#} alone is everybody. */
        public Builder subscribeVideoUids(String... subscribeVideoUids) {
            return with("subscribeVideoUids", List.of(subscribeVideoUids));
        }

        /** Whose not. */
        public Builder unSubscribeVideoUids(List<String> unSubscribeVideoUids) {
            return with("unSubscribeVideoUids", unSubscribeVideoUids);
        }

        /** Whose not. */
        public Builder unSubscribeVideoUids(String... unSubscribeVideoUids) {
            return with("unSubscribeVideoUids", List.of(unSubscribeVideoUids));
        }

        /** What was put together so far. */
        public VideoUidList build() {
            return new VideoUidList(map());
        }
    }
}
