package capstan.client.model;

import java.util.List;

/**
 * Where a recording stands, as {@code query} tells it. A value that this version does not know is
 * kept as it is.
 */
public final class Status extends Choice {
    /** Nothing has been started. */
    public static final Status NOT_STARTED = new Status(0);
    /** Initialised. */
    public static final Status INITIALISED = new Status(1);
    /** Starting. */
    public static final Status STARTING = new Status(2);
    /** Some parts are ready. */
    public static final Status PARTLY_READY = new Status(3);
    /** It records. */
    public static final Status READY = new Status(4);
    /** It records, and the first file is in the bucket. */
    public static final Status IN_PROGRESS = new Status(5);
    /** It ends. */
    public static final Status STOPPING = new Status(6);
    /** It has ended; uploads go on. */
    public static final Status UPLOADING = new Status(7);
    /** It is over. */
    public static final Status EXITED = new Status(8);
    /** It ended as it should not have. */
    public static final Status ABNORMAL_EXIT = new Status(20);

    private static final List<Status> VALUES =
            List.of(NOT_STARTED, INITIALISED, STARTING, PARTLY_READY, READY, IN_PROGRESS,
                    STOPPING, UPLOADING, EXITED, ABNORMAL_EXIT);

    private Status(int value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static Status of(int value) {
        return new Status(value);
    }

    /** All that this version knows. */
    public static List<Status> values() {
        return VALUES;
    }
}
