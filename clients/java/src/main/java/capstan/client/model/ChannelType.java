package capstan.client.model;

import java.util.List;

/**
 * The kind of a channel. Capstan checks it and ignores it. A value that this version does not
 * know is kept as it is.
 */
public final class ChannelType extends Choice {
    /** Everybody may talk. */
    public static final ChannelType COMMUNICATION = new ChannelType(0);
    /** Hosts talk, the audience listens. */
    public static final ChannelType LIVE = new ChannelType(1);

    private static final List<ChannelType> VALUES = List.of(COMMUNICATION, LIVE);

    private ChannelType(int value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static ChannelType of(int value) {
        return new ChannelType(value);
    }

    /** All that this version knows. */
    public static List<ChannelType> values() {
        return VALUES;
    }
}
