package capstan.client.model;

import java.util.List;

/** Files of sound and pictures. A value that this version does not know is kept as it is. */
public final class AvFileType extends Choice {
    /** A playlist and segments. */
    public static final AvFileType HLS = new AvFileType("hls");
    /** MP4 beside it; in mode mix. */
    public static final AvFileType MP4 = new AvFileType("mp4");

    private static final List<AvFileType> VALUES = List.of(HLS, MP4);

    private AvFileType(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static AvFileType of(String value) {
        return new AvFileType(value);
    }

    /** All that this version knows. */
    public static List<AvFileType> values() {
        return VALUES;
    }
}
