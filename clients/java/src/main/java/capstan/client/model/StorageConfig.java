package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where files go, with keys. Its keys are hidden when it is shown as text. */
public final class StorageConfig extends Fields {
    private StorageConfig(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static StorageConfig of(Map<String, ?> fields) {
        return new StorageConfig(fields);
    }

    /** Begins a new one. */
    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** Begins another one with the same fields. */
    public Builder toBuilder() {
        return new Builder(fields());
    }

    /** The vendor's number, or its name in the server's table. */
    public Optional<String> vendor() {
        return text("vendor");
    }

    /** The vendor's region, by number or name. */
    public Optional<String> region() {
        return text("region");
    }

    /** The bucket's name. */
    public Optional<String> bucket() {
        return text("bucket");
    }

    /** The access key. */
    public Optional<String> accessKey() {
        return text("accessKey");
    }

    /** The secret key. */
    public Optional<String> secretKey() {
        return text("secretKey");
    }

    /** A token of temporary credentials, for the vendors 1, 2 and 3. */
    public Optional<String> stsToken() {
        return text("stsToken");
    }

    /** The Unix second at which stsToken expires, at least 4 hours ahead. */
    public Optional<Long> stsExpiration() {
        return integer("stsExpiration");
    }

    /** Folders in the bucket; each of letters and digits, 128 characters in all. */
    public List<String> fileNamePrefix() {
        return texts("fileNamePrefix");
    }

    /** More for the vendor. */
    public Optional<ExtensionParams> extensionParams() {
        return object("extensionParams", ExtensionParams::of);
    }

    /** Makes a {@link StorageConfig}. */
    public static final class Builder extends FieldsBuilder<Builder> {
        private Builder(Map<String, ?> fields) {
            super(fields);
        }

        /** The vendor's number, or its name in the server's table. */
        public Builder vendor(long vendor) {
            return with("vendor", vendor);
        }

        /** The vendor's number, or its name in the server's table. */
        public Builder vendor(String vendor) {
            return with("vendor", vendor);
        }

        /** The vendor's region, by number or name. */
        public Builder region(long region) {
            return with("region", region);
        }

        /** The vendor's region, by number or name. */
        public Builder region(String region) {
            return with("region", region);
        }

        /** The bucket's name. */
        public Builder bucket(String bucket) {
            return with("bucket", bucket);
        }

        /** The access key. */
        public Builder accessKey(String accessKey) {
            return with("accessKey", accessKey);
        }

        /** The secret key. */
        public Builder secretKey(String secretKey) {
            return with("secretKey", secretKey);
        }

        /** A token of temporary credentials, for the vendors 1, 2 and 3. */
        public Builder stsToken(String stsToken) {
            return with("stsToken", stsToken);
        }

        /** The Unix second at which stsToken expires, at least 4 hours ahead. */
        public Builder stsExpiration(long stsExpiration) {
            return with("stsExpiration", stsExpiration);
        }

        /** Folders in the bucket; each of letters and digits, 128 characters in all. */
        public Builder fileNamePrefix(List<String> fileNamePrefix) {
            return with("fileNamePrefix", fileNamePrefix);
        }

        /** Folders in the bucket; each of letters and digits, 128 characters in all. */
        public Builder fileNamePrefix(String... fileNamePrefix) {
            return with("fileNamePrefix", List.of(fileNamePrefix));
        }

        /** More for the vendor. */
        public Builder extensionParams(ExtensionParams extensionParams) {
            return with("extensionParams", extensionParams);
        }

        /** What was put together so far. */
        public StorageConfig build() {
            return new StorageConfig(map());
        }
    }
}
