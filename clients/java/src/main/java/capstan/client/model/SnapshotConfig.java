package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Screenshots of every participant. */
public final class SnapshotConfig extends Fields {
    private SnapshotConfig(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static SnapshotConfig of(Map<String, ?> fields) {
        return new SnapshotConfig(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** Seconds from one of a participant to the next, up to 3600; 10 unless given. */
    public Optional<Long> captureInterval() {
        return integer("captureInterval");
    }

    /** JPEG; it must be given. */
    public List<SnapshotFileType> fileType() {
        return map(texts("fileType"), SnapshotFileType::of);
    }

    /** Makes a {@link SnapshotConfig}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** Seconds from one of a participant to the next, up to 3600; 10 unless given. */
        public Builder captureInterval(long captureInterval) {
            return with("captureInterval", captureInterval);
        }

        /** JPEG; it must be given. */
        public Builder fileType(List<SnapshotFileType> fileType) {
            return with("fileType", fileType);
        }

        /** JPEG; it must be given. */
        public Builder fileType(SnapshotFileType... fileType) {
            return with("fileType", List.of(fileType));
        }

        /** What was put together so far. */
        public SnapshotConfig build() {
            return new SnapshotConfig(map());
        }
    }
}
