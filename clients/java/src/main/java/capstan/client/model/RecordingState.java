package capstan.client.model;

import java.util.List;

/**
 * Where a recording stands, in Capstan's own words. A value that this version does not know is
 * kept as it is.
 */
public final class RecordingState extends Choice {
    /** It starts. */
    public static final RecordingState STARTING = new RecordingState("starting");
    /** It records. */
    public static final RecordingState RECORDING = new RecordingState("recording");
    /** It ends. */
    public static final RecordingState STOPPING = new RecordingState("stopping");
    /** It has ended; uploads go on. */
    public static final RecordingState UPLOADING = new RecordingState("uploading");
    /** It is over and everything is where it belongs. */
    public static final RecordingState DONE = new RecordingState("done");
    /** It ended as it should not have. */
    public static final RecordingState FAILED = new RecordingState("failed");

    private static final List<RecordingState> VALUES =
            List.of(STARTING, RECORDING, STOPPING, UPLOADING, DONE, FAILED);

    private RecordingState(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static RecordingState of(String value) {
        return new RecordingState(value);
    }

    /** All that this version knows. */
    public static List<RecordingState> values() {
        return VALUES;
    }
}
