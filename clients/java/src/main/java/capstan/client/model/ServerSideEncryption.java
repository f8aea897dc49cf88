package capstan.client.model;

import java.util.List;

/** Encryption at rest. A value that this version does not know is kept as it is. */
public final class ServerSideEncryption extends Choice {
    /** By the vendor's key service. */
    public static final ServerSideEncryption KMS = new ServerSideEncryption("kms");
    /** By keys of the store. */
    public static final ServerSideEncryption AES256 = new ServerSideEncryption("aes256");

    private static final List<ServerSideEncryption> VALUES = List.of(KMS, AES256);

    private ServerSideEncryption(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static ServerSideEncryption of(String value) {
        return new ServerSideEncryption(value);
    }

    /** All that this version knows. */
    public static List<ServerSideEncryption> values() {
        return VALUES;
    }
}
