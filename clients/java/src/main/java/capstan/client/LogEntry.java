package capstan.client;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/** One attempt of one call, for a log. It has no header and no body, and so no key. */
public final class LogEntry {
    private final String operation;
    private final String method;
    private final String path;
    private final int attempt;
    private final Duration took;
    private final OptionalInt status;
    private final Optional<String> failure;
    private final Optional<Duration> pause;

    LogEntry(
            String operation, String method, String path, int attempt, Duration took,
            OptionalInt status, Optional<String> failure, Optional<Duration> pause) {
        this.operation = operation;
        this.method = method;
        this.path = path;
        this.attempt = attempt;
        this.took = took;
        this.status = status;
        this.failure = failure;
        this.pause = pause;
    }

    /** {@code start}, say. */
    public String operation() {
        return operation;
    }

    /** The HTTP method. */
    public String method() {
        return method;
    }

    /** The path of the URL, without its query. */
    public String path() {
        return path;
    }

    /** Which attempt of the call it was, from 1. */
    public int attempt() {
        return attempt;
    }

    /** How long it took. */
    public Duration took() {
        return took;
    }

    /** The HTTP status, if an answer came. */
    public OptionalInt status() {
        return status;
    }

    /** What went wrong. */
    public Optional<String> failure() {
        return failure;
    }

    /** After which pause the call is tried again; empty if this was its last attempt. */
    public Optional<Duration> pause() {
        return pause;
    }

    @Override
    public String toString() {
        String end = failure.orElse("HTTP " + status.orElse(0));
        String again = pause.map(wait -> "; again in " + wait.toMillis() + " ms").orElse("");
        return method + " " + path + " #" + attempt + " took " + took.toMillis() + " ms: " + end
                + again;
    }
}
