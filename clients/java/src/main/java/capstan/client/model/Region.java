package capstan.client.model;

import java.util.List;

/**
 * Where to record. Capstan checks it and has no regions to choose from. A value that this version
 * does not know is kept as it is.
 */
public final class Region extends Choice {
    /** China. */
    public static final Region CN = new Region("CN");
    /** Asia and the Pacific. */
    public static final Region AP = new Region("AP");
    /** Europe. */
    public static final Region EU = new Region("EU");
    /** North America. */
    public static final Region NA = new Region("NA");

    private static final List<Region> VALUES = List.of(CN, AP, EU, NA);

    private Region(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static Region of(String value) {
        return new Region(value);
    }

    /** All that this version knows. */
    public static List<Region> values() {
        return VALUES;
    }
}
