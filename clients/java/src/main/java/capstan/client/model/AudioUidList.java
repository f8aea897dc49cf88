package capstan.client.model;

import java.util.List;
import java.util.Map;

/** Whose sound: one of the two lists. */
public final class AudioUidList extends Fields {
    private AudioUidList(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static AudioUidList of(Map<String, ?> fields) {
        return new AudioUidList(fields);
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
    public List<String> subscribeAudioUids() {
        return texts("subscribeAudioUids");
    }

    /** Whose not. */
    public List<String> unSubscribeAudioUids() {
        return texts("unSubscribeAudioUids");
    }

    /** Makes a {@link AudioUidList}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Whose; {@code #allstream#} alone is everybody. */
        public Builder subscribeAudioUids(List<String> subscribeAudioUids) {
            return with("subscribeAudioUids", subscribeAudioUids);
        }

        /** Whose; {@code #allstream#} alone is everybody. */
        public Builder subscribeAudioUids(String... subscribeAudioUids) {
            return with("subscribeAudioUids", List.of(subscribeAudioUids));
        }

        /** Whose not. */
        public Builder unSubscribeAudioUids(List<String> unSubscribeAudioUids) {
            return with("unSubscribeAudioUids", unSubscribeAudioUids);
        }

        /** Whose not. */
        public Builder unSubscribeAudioUids(String... unSubscribeAudioUids) {
            return with("unSubscribeAudioUids", List.of(unSubscribeAudioUids));
        }

        /** What was put together so far. */
        public AudioUidList build() {
            return new AudioUidList(map());
        }
    }
}
