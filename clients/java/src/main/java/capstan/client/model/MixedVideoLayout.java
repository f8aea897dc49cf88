package capstan.client.model;

import java.util.List;

/** How participants are arranged. A value that this version does not know is kept as it is. */
public final class MixedVideoLayout extends Choice {
    /** One fills the canvas, the others lie on it. */
    public static final MixedVideoLayout FLOAT = new MixedVideoLayout(0);
    /** A grid. */
    public static final MixedVideoLayout BEST_FIT = new MixedVideoLayout(1);
    /** One big picture on the left, the others on the right. */
    public static final MixedVideoLayout VERTICAL = new MixedVideoLayout(2);
    /** Regions of your own. */
    public static final MixedVideoLayout CUSTOM = new MixedVideoLayout(3);

    private static final List<MixedVideoLayout> VALUES = List.of(FLOAT, BEST_FIT, VERTICAL, CUSTOM);

    private MixedVideoLayout(int value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static MixedVideoLayout of(int value) {
        return new MixedVideoLayout(value);
    }

    /** All that this version knows. */
    public static List<MixedVideoLayout> values() {
        return VALUES;
    }
}
