package capstan.client.model;

import java.util.List;

/** How a room is recorded. A value that this version does not know is kept as it is. */
public final class Mode extends Choice {
    /** Everybody in one picture and one sound. */
    public static final Mode MIX = new Mode("mix");
    /** Everybody apart, as they sent it. */
    public static final Mode INDIVIDUAL = new Mode("individual");

    private static final List<Mode> VALUES = List.of(MIX, INDIVIDUAL);

    private Mode(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static Mode of(String value) {
        return new Mode(value);
    }

    /** All that this version knows. */
    public static List<Mode> values() {
        return VALUES;
    }
}
