package capstan.client.model;

import java.util.List;

/**
 * Which layer of those who send several. A value that this version does not know is kept as it
 * is.
 */
public final class VideoStreamType extends Choice {
    /** The largest. */
    public static final VideoStreamType HIGH = new VideoStreamType(0);
    /** The smallest. */
    public static final VideoStreamType LOW = new VideoStreamType(1);

    private static final List<VideoStreamType> VALUES = List.of(HIGH, LOW);

    private VideoStreamType(int value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static VideoStreamType of(int value) {
        return new VideoStreamType(value);
    }

    /** All that this version knows. */
    public static List<VideoStreamType> values() {
        return VALUES;
    }
}
