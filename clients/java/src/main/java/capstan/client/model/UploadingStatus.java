package capstan.client.model;

import java.util.List;

/** What became of the files. A value that this version does not know is kept as it is. */
public final class UploadingStatus extends Choice {
    /** Everything is in the bucket. */
    public static final UploadingStatus UPLOADED = new UploadingStatus("uploaded");
    /** Everything has left, something of it only to the backup store. */
    public static final UploadingStatus BACKED_UP = new UploadingStatus("backuped");
    /** Not known yet. */
    public static final UploadingStatus UNKNOWN = new UploadingStatus("unknown");

    private static final List<UploadingStatus> VALUES = List.of(UPLOADED, BACKED_UP, UNKNOWN);

    private UploadingStatus(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static UploadingStatus of(String value) {
        return new UploadingStatus(value);
    }

    /** All that this version knows. */
    public static List<UploadingStatus> values() {
        return VALUES;
    }
}
