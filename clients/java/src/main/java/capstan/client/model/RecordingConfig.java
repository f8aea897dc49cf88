package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Whose streams are recorded, and how they are coded. */
public final class RecordingConfig extends Fields {
    private RecordingConfig(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static RecordingConfig of(Map<String, ?> fields) {
        return new RecordingConfig(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Checked and ignored. */
    public Optional<ChannelType> channelType() {
        return small("channelType").map(ChannelType::of);
    }

    /** Sound, pictures or both; both unless given. */
    public Optional<StreamTypes> streamTypes() {
        return small("streamTypes").map(StreamTypes::of);
    }

    /** Individual mode: how sound is kept. */
    public Optional<StreamMode> streamMode() {
        return text("streamMode").map(StreamMode::of);
    }

    /** 0: none. Others are refused by Capstan. */
    public Optional<Long> decryptionMode() {
        return integer("decryptionMode");
    }

    /** Ignored without decryptionMode. */
    public Optional<String> secret() {
        return text("secret");
    }

    /** Ignored without decryptionMode. */
    public Optional<String> salt() {
        return text("salt");
    }

    /** Checked and ignored. */
    public Optional<String> privateParams() {
        return text("privateParams");
    }

    /** Seconds without anybody sending after which the recording ends, from 5; 30 unless given. */
    public Optional<Long> maxIdleTime() {
        return integer("maxIdleTime");
    }

    /** Which layer of those who send several. */
    public Optional<VideoStreamType> videoStreamType() {
        return small("videoStreamType").map(VideoStreamType::of);
    }

    /** How many are expected; 4 admits 32 participants and 5 admits 49. */
    public Optional<Long> subscribeUidGroup() {
        return integer("subscribeUidGroup");
    }

    /** Whose sound; {@code #allstream#} alone is everybody. */
    public List<String> subscribeAudioUids() {
        return texts("subscribeAudioUids");
    }

    /** Whose sound not. */
    public List<String> unSubscribeAudioUids() {
        return texts("unSubscribeAudioUids");
    }

    /** Whose pictures; {@code #allstream#} alone is everybody. */
    public List<String> subscribeVideoUids() {
        return texts("subscribeVideoUids");
    }

    /** Whose pictures not. */
    public List<String> unSubscribeVideoUids() {
        return texts("unSubscribeVideoUids");
    }

    /** Mix mode: how the sound is coded. */
    public Optional<AudioProfile> audioProfile() {
        return small("audioProfile").map(AudioProfile::of);
    }

    /** Mix mode: the picture. */
    public Optional<TranscodingConfig> transcodingConfig() {
        return object("transcodingConfig", TranscodingConfig::of);
    }

    /** Makes a {@link RecordingConfig}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Checked and ignored. */
        public Builder channelType(ChannelType channelType) {
            return with("channelType", channelType);
        }

        /** Sound, pictures or both; both unless given. */
        public Builder streamTypes(StreamTypes streamTypes) {
            return with("streamTypes", streamTypes);
        }

        /** Individual mode: how sound is kept. */
        public Builder streamMode(StreamMode streamMode) {
            return with("streamMode", streamMode);
        }

        /** 0: none. Others are refused by Capstan. */
        public Builder decryptionMode(long decryptionMode) {
            return with("decryptionMode", decryptionMode);
        }

        /** Ignored without decryptionMode. */
        public Builder secret(String secret) {
            return with("secret", secret);
        }

        /** Ignored without decryptionMode. */
        public Builder salt(String salt) {
            return with("salt", salt);
        }

        /** Checked and ignored. */
        public Builder privateParams(String privateParams) {
            return with("privateParams", privateParams);
        }

        /**
         * Seconds without anybody sending after which the recording ends, from 5; 30 unless
         * given.
         */
        public Builder maxIdleTime(long maxIdleTime) {
            return with("maxIdleTime", maxIdleTime);
        }

        /** Which layer of those who send several. */
        public Builder videoStreamType(VideoStreamType videoStreamType) {
            return with("videoStreamType", videoStreamType);
        }

        /** How many are expected; 4 admits 32 participants and 5 admits 49. */
        public Builder subscribeUidGroup(long subscribeUidGroup) {
            return with("subscribeUidGroup", subscribeUidGroup);
        }

        /** Whose sound; {@code #allstream#} alone is everybody. */
        public Builder subscribeAudioUids(List<String> subscribeAudioUids) {
            return with("subscribeAudioUids", subscribeAudioUids);
        }

        /** Whose sound; {@code #allstream#} alone is everybody. */
        public Builder subscribeAudioUids(String... subscribeAudioUids) {
            return with("subscribeAudioUids", List.of(subscribeAudioUids));
        }

        /** Whose sound not. */
        public Builder unSubscribeAudioUids(List<String> unSubscribeAudioUids) {
            return with("unSubscribeAudioUids", unSubscribeAudioUids);
        }

        /** Whose sound not. */
        public Builder unSubscribeAudioUids(String... unSubscribeAudioUids) {
            return with("unSubscribeAudioUids", List.of(unSubscribeAudioUids));
        }

        /** Whose pictures; {@code #allstream#} alone is everybody. */
        public Builder subscribeVideoUids(List<String> subscribeVideoUids) {
            return with("subscribeVideoUids", subscribeVideoUids);
        }

        /** Whose pictures; {@code #allstream#} alone is everybody. */
        public Builder subscribeVideoUids(String... subscribeVideoUids) {
            return with("subscribeVideoUids", List.of(subscribeVideoUids));
        }

        /** Whose pictures not. */
        public Builder unSubscribeVideoUids(List<String> unSubscribeVideoUids) {
            return with("unSubscribeVideoUids", unSubscribeVideoUids);
        }

        /** Whose pictures not. */
        public Builder unSubscribeVideoUids(String... unSubscribeVideoUids) {
            return with("unSubscribeVideoUids", List.of(unSubscribeVideoUids));
        }

        /** Mix mode: how the sound is coded. */
        public Builder audioProfile(AudioProfile audioProfile) {
            return with("audioProfile", audioProfile);
        }

        /** Mix mode: the picture. */
        public Builder transcodingConfig(TranscodingConfig transcodingConfig) {
            return with("transcodingConfig", transcodingConfig);
        }

        /** What was put together so far. */
        public RecordingConfig build() {
            return new RecordingConfig(map());
        }
    }
}
