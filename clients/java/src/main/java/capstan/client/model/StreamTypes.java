package capstan.client.model;

import java.util.List;

/** Which streams are recorded. A value that this version does not know is kept as it is. */
public final class StreamTypes extends Choice {
    /** Sound only. */
    public static final StreamTypes AUDIO = new StreamTypes(0);
    /** Pictures only. */
    public static final StreamTypes VIDEO = new StreamTypes(1);
    /** Sound and pictures. */
    public static final StreamTypes BOTH = new StreamTypes(2);

    private static final List<StreamTypes> VALUES = List.of(AUDIO, VIDEO, BOTH);

    private StreamTypes(int value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static StreamTypes of(int value) {
        return new StreamTypes(value);
    }

    /** All that this version knows. */
    public static List<StreamTypes> values() {
        return VALUES;
    }
}
