package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** What the recording API answers when all is well. */
public final class Answer extends Fields {
    private Answer(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static Answer of(Map<String, ?> fields) {
        return new Answer(fields);
    }

    /** The room's name. */
    public String cname() {
        return need("cname", text("cname"));
    }

    /** The recorder's uid. */
    public String uid() {
        return need("uid", text("uid"));
    }

    /** What {@code acquire} gave. */
    public String resourceId() {
        return need("resourceId", text("resourceId"));
    }

    /** The recording. */
    public String sid() {
        return need("sid", text("sid"));
    }

    /** What a recording has made so far; of {@code query} and {@code stop}. */
    public Optional<ServerResponse> serverResponse() {
        return object("serverResponse", ServerResponse::of);
    }
}
