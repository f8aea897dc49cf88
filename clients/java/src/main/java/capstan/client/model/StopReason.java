package capstan.client.model;

import java.util.List;

/** Why a recording ended. A value that this version does not know is kept as it is. */
public final class StopReason extends Choice {
    /** Somebody called stop. */
    public static final StopReason ASKED = new StopReason("asked");
    /** Nobody sent anything for too long. */
    public static final StopReason IDLE = new StopReason("idle");
    /** The server was shut down. */
    public static final StopReason SHUTDOWN = new StopReason("shutdown");
    /** Something failed. */
    public static final StopReason FAILED = new StopReason("failed");

    private static final List<StopReason> VALUES = List.of(ASKED, IDLE, SHUTDOWN, FAILED);

    private StopReason(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static StopReason of(String value) {
        return new StopReason(value);
    }

    /** All that this version knows. */
    public static List<StopReason> values() {
        return VALUES;
    }
}
