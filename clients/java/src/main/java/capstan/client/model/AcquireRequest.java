package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code clientRequest} of {@code acquire}. */
public final class AcquireRequest extends Fields {
    private AcquireRequest(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static AcquireRequest of(Map<String, ?> fields) {
        return new AcquireRequest(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /**
     * Hours after the start for which the recording can be controlled, 1 to 720; 72 unless given.
     */
    public Optional<Long> resourceExpiredHour() {
        return integer("resourceExpiredHour");
    }

    /** 0: rooms. Other scenes are refused by Capstan. */
    public Optional<Long> scene() {
        return integer("scene");
    }

    /** Checked and ignored. */
    public Optional<Region> region() {
        return text("region").map(Region::of);
    }

    /** Checked and ignored. */
    public Optional<Long> regionAffinity() {
        return integer("regionAffinity");
    }

    /** Checked and ignored. */
    public List<String> excludeResourceIds() {
        return texts("excludeResourceIds");
    }

    /** What {@code start} will bring; another is refused then. */
    public Optional<StartRequest> startParameter() {
        return object("startParameter", StartRequest::of);
    }

    /** Makes a {@link AcquireRequest}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /**
         * Hours after the start for which the recording can be controlled, 1 to 720; 72 unless
         * given.
         */
        public Builder resourceExpiredHour(long resourceExpiredHour) {
            return with("resourceExpiredHour", resourceExpiredHour);
        }

        /** 0: rooms. Other scenes are refused by Capstan. */
        public Builder scene(long scene) {
            return with("scene", scene);
        }

        /** Checked and ignored. */
        public Builder region(Region region) {
            return with("region", region);
        }

        /** Checked and ignored. */
        public Builder regionAffinity(long regionAffinity) {
            return with("regionAffinity", regionAffinity);
        }

        /** Checked and ignored. */
        public Builder excludeResourceIds(List<String> excludeResourceIds) {
            return with("excludeResourceIds", excludeResourceIds);
        }

        /** Checked and ignored. */
        public Builder excludeResourceIds(String... excludeResourceIds) {
            return with("excludeResourceIds", List.of(excludeResourceIds));
        }

        /** What {@code start} will bring; another is refused then. */
        public Builder startParameter(StartRequest startParameter) {
            return with("startParameter", startParameter);
        }

        /** What was put together so far. */
        public AcquireRequest build() {
            return new AcquireRequest(map());
        }
    }
}
