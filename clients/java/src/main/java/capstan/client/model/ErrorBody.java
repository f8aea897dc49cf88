package capstan.client.model;

import java.util.Map;
import java.util.Optional;

/** A refusal as it came: of the recording API, of the gateway before it, or a problem document. */
public final class ErrorBody extends Fields {
    private ErrorBody(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static ErrorBody of(Map<String, ?> fields) {
        return new ErrorBody(fields);
    }

    /** The room's name. */
    public Optional<String> cname() {
        return text("cname");
    }

    /** The recorder's uid. */
    public Optional<String> uid() {
        return text("uid");
    }

    /** What {@code acquire} gave. */
    public Optional<String> resourceId() {
        return text("resourceId");
    }

    /** The recording. */
    public Optional<String> sid() {
        return text("sid");
    }

    /** What it is, in the API's numbers. */
    public Optional<Long> code() {
        return integer("code");
    }

    /** The documented words, and what to change. */
    public Optional<String> reason() {
        return text("reason");
    }

    /** The same as reason, as older documents call it. */
    public Optional<String> message() {
        return text("message");
    }

    /** What the recording has made so far. */
    public Optional<ServerResponse> serverResponse() {
        return object("serverResponse", ServerResponse::of);
    }

    /** A stable name of this kind of problem. */
    public Optional<String> type() {
        return text("type");
    }

    /** The status in words. */
    public Optional<String> title() {
        return text("title");
    }

    /** The HTTP status. */
    public Optional<Long> status() {
        return integer("status");
    }

    /** What to change. */
    public Optional<String> detail() {
        return text("detail");
    }
}
