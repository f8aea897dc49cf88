package capstan.client.model;

import java.util.List;

/** Files of screenshots. A value that this version does not know is kept as it is. */
public final class SnapshotFileType extends Choice {
    /** JPEG. */
    public static final SnapshotFileType JPG = new SnapshotFileType("jpg");

    private static final List<SnapshotFileType> VALUES = List.of(JPG);

    private SnapshotFileType(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static SnapshotFileType of(String value) {
        return new SnapshotFileType(value);
    }

    /** All that this version knows. */
    public static List<SnapshotFileType> values() {
        return VALUES;
    }
}
