package capstan.client.model;

import java.util.List;
import java.util.Map;

/** Which files are made. */
public final class RecordingFileConfig extends Fields {
    private RecordingFileConfig(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static RecordingFileConfig of(Map<String, ?> fields) {
        return new RecordingFileConfig(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** HLS, and in mode mix MP4 beside it. */
    public List<AvFileType> avFileType() {
        return map(texts("avFileType"), AvFileType::of);
    }

    /** Makes a {@link RecordingFileConfig}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** HLS, and in mode mix MP4 beside it. */
        public Builder avFileType(List<AvFileType> avFileType) {
            return with("avFileType", avFileType);
        }

        /** HLS, and in mode mix MP4 beside it. */
        public Builder avFileType(AvFileType... avFileType) {
            return with("avFileType", List.of(avFileType));
        }

        /** What was put together so far. */
        public RecordingFileConfig build() {
            return new RecordingFileConfig(map());
        }
    }
}
