package capstan.client;

import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;

/** Who records: a room's name, and the recorder's own uid in it, which nobody else there has. */
public final class Recorder {
    private static final long LARGEST = 0xFFFF_FFFFL;
    private static final long ANY_FROM = 3_000_000_000L;

    private final String room;
    private final long uid;

    private Recorder(String room, long uid) {
        this.room = Objects.requireNonNull(room, "room");
        if (uid < 1 || uid > LARGEST) {
            throw new IllegalArgumentException("uid " + uid + " is not from 1 to " + LARGEST);
        }
        this.uid = uid;
    }

    /** A recorder with a uid of your choice, 1 to 4294967295. */
    public static Recorder of(String room, long uid) {
        return new Recorder(room, uid);
    }

    /** A recorder with a random uid from 3000000000 on, where participants rarely are. */
    public static Recorder of(String room) {
        return of(room, ThreadLocalRandom.current().nextLong(ANY_FROM, LARGEST + 1));
    }

    /** The room's name, {@code cname}. */
    public String room() {
        return room;
    }

    /** The recorder's uid. */
    public long uid() {
        return uid;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Recorder && ((Recorder) other).uid == uid
                && ((Recorder) other).room.equals(room);
    }

    @Override
    public int hashCode() {
        return Objects.hash(room, uid);
    }

    @Override
    public String toString() {
        return "room " + room + ", recorder " + uid;
    }
}
