package capstan.client.model;

import java.util.List;

/** How a picture fits its region. A value that this version does not know is kept as it is. */
public final class RenderMode extends Choice {
    /** Fills it; what stands out is cut. */
    public static final RenderMode CROP = new RenderMode(0);
    /** All of it, with bars. */
    public static final RenderMode FIT = new RenderMode(1);

    private static final List<RenderMode> VALUES = List.of(CROP, FIT);

    private RenderMode(int value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static RenderMode of(int value) {
        return new RenderMode(value);
    }

    /** All that this version knows. */
    public static List<RenderMode> values() {
        return VALUES;
    }
}
