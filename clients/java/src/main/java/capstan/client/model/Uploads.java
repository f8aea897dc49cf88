package capstan.client.model;

import java.util.List;
import java.util.Map;

/** How uploads are doing. */
public final class Uploads extends Fields {
    private Uploads(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static Uploads of(Map<String, ?> fields) {
        return new Uploads(fields);
    }

    /** Files that are to be uploaded. */
    public long owed() {
        return need("owed", integer("owed"));
    }

    /** Files that the storage refused; the server keeps them. */
    public long parked() {
        return need("parked", integer("parked"));
    }

    /** Files that are in the backup store and wait for their own. */
    public long backedUp() {
        return need("backedUp", integer("backedUp"));
    }

    /** Bytes of all segments so far. */
    public long bytes() {
        return need("bytes", integer("bytes"));
    }

    /** Bytes of those that are in the bucket. */
    public long bytesUploaded() {
        return need("bytesUploaded", integer("bytesUploaded"));
    }

    /** Files that haven't left, at most 100. */
    public List<WaitingFile> waiting() {
        return objects("waiting", WaitingFile::of);
    }
}
