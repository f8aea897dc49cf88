package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** {@code clientRequest} of {@code start}: whose streams, what is made of them, where it goes. */
public final class StartRequest extends Fields {
    private StartRequest(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static StartRequest of(Map<String, ?> fields) {
        return new StartRequest(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Ignored by Capstan: publishers are admitted by WHIP's token. */
    public Optional<String> token() {
        return text("token");
    }

    /** Whose streams, and how they are coded. */
    public Optional<RecordingConfig> recordingConfig() {
        return object("recordingConfig", RecordingConfig::of);
    }

    /** Which files are made. */
    public Optional<RecordingFileConfig> recordingFileConfig() {
        return object("recordingFileConfig", RecordingFileConfig::of);
    }

    /** Individual mode: screenshots; alone without recordingFileConfig. */
    public Optional<SnapshotConfig> snapshotConfig() {
        return object("snapshotConfig", SnapshotConfig::of);
    }

    /** Where files go; without it to the app's own storage. */
    public Optional<StorageConfig> storageConfig() {
        return object("storageConfig", StorageConfig::of);
    }

    /** Checked and ignored. */
    public Optional<AppsCollection> appsCollection() {
        return object("appsCollection", AppsCollection::of);
    }

    /** Makes a {@link StartRequest}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Ignored by Capstan: publishers are admitted by WHIP's token. */
        public Builder token(String token) {
            return with("token", token);
        }

        /** Whose streams, and how they are coded. */
        public Builder recordingConfig(RecordingConfig recordingConfig) {
            return with("recordingConfig", recordingConfig);
        }

        /** Which files are made. */
        public Builder recordingFileConfig(RecordingFileConfig recordingFileConfig) {
            return with("recordingFileConfig", recordingFileConfig);
        }

        /** Individual mode: screenshots; alone without recordingFileConfig. */
        public Builder snapshotConfig(SnapshotConfig snapshotConfig) {
            return with("snapshotConfig", snapshotConfig);
        }

        /** Where files go; without it to the app's own storage. */
        public Builder storageConfig(StorageConfig storageConfig) {
            return with("storageConfig", storageConfig);
        }

        /** Checked and ignored. */
        public Builder appsCollection(AppsCollection appsCollection) {
            return with("appsCollection", appsCollection);
        }

        /** What was put together so far. */
        public StartRequest build() {
            return new StartRequest(map());
        }
    }
}
