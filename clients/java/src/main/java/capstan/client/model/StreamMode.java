package capstan.client.model;

import java.util.List;

/**
 * How sound is kept in individual mode. A value that this version does not know is kept as it is.
 */
public final class StreamMode extends Choice {
    /** As the server is configured. */
    public static final StreamMode DEFAULT = new StreamMode("default");
    /** The same here. */
    public static final StreamMode STANDARD = new StreamMode("standard");
    /** As it was sent; with stream type 0 only. */
    public static final StreamMode ORIGINAL = new StreamMode("original");

    private static final List<StreamMode> VALUES = List.of(DEFAULT, STANDARD, ORIGINAL);

    private StreamMode(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static StreamMode of(String value) {
        return new StreamMode(value);
    }

    /** All that this version knows. */
    public static List<StreamMode> values() {
        return VALUES;
    }
}
