package capstan.client;

import capstan.client.model.AcquireRequest;
import capstan.client.model.Mode;
import capstan.client.model.StartRequest;
import java.util.Objects;
import java.util.OptionalLong;

/** How {@link Capstan#record(String, RecordOptions)} records. Each setter gives another value. */
public final class RecordOptions {
    private static final RecordOptions STANDARD = new RecordOptions(
            Mode.MIX, OptionalLong.empty(), AcquireRequest.builder().build(),
            StartRequest.builder().build());

    private final Mode mode;
    private final OptionalLong uid;
    private final AcquireRequest acquire;
    private final StartRequest start;

    private RecordOptions(
            Mode mode, OptionalLong uid, AcquireRequest acquire, StartRequest start) {
        this.mode = Objects.requireNonNull(mode, "mode");
        this.uid = uid;
        this.acquire = Objects.requireNonNull(acquire, "acquire");
        this.start = Objects.requireNonNull(start, "start");
    }

    /** Mode mix with the server's defaults, by a recorder with a random uid. */
    public static RecordOptions standard() {
        return STANDARD;
    }

    /** In which mode. */
    public RecordOptions withMode(Mode mode) {
        return new RecordOptions(mode, uid, acquire, start);
    }

    /** By a recorder with this uid, which nobody in the room has. */
    public RecordOptions withUid(long uid) {
        return new RecordOptions(mode, OptionalLong.of(uid), acquire, start);
    }

    /** What {@code acquire} is asked for. */
    public RecordOptions withAcquire(AcquireRequest acquire) {
        return new RecordOptions(mode, uid, acquire, start);
    }

    /** What {@code start} is asked for. */
    public RecordOptions withStart(StartRequest start) {
        return new RecordOptions(mode, uid, acquire, start);
    }

    Mode mode() {
        return mode;
    }

    AcquireRequest acquire() {
        return acquire;
    }

    StartRequest start() {
        return start;
    }

    Recorder recorder(String room) {
        return uid.isPresent() ? Recorder.of(room, uid.getAsLong()) : Recorder.of(room);
    }
}
