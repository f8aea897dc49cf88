package capstan.client;

import capstan.client.model.ErrorBody;
import capstan.client.model.ServerResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/** The server refused. Its nested classes say what kind of refusal it is. */
public class ApiException extends CapstanException {
    private static final long serialVersionUID = 1;

    private final transient Refusal refusal;

    ApiException(Refusal refusal) {
        super(refusal.message(), null);
        this.refusal = refusal;
    }

    /** The HTTP status. */
    public final int status() {
        return refusal.status;
    }

    /** The API's number of the refusal; a gateway and Capstan's own paths give none. */
    public final OptionalInt code() {
        return refusal.code();
    }

    /** What is wrong and what to change, in the server's words. */
    public final String reason() {
        return refusal.reason();
    }

    /** The JSON pointer of the field that is wrong, if the refusal is about one. */
    public final Optional<String> pointer() {
        return refusal.pointer();
    }

    /** When the server wants to be asked again. */
    public final Optional<Duration> retryAfter() {
        return refusal.retryAfter;
    }

    /** What a recording has made so far, where the API tells it with a refusal. */
    public final Optional<ServerResponse> serverResponse() {
        return refusal.body.serverResponse();
    }

    /** The whole refusal; without fields if it wasn't JSON. */
    public final ErrorBody body() {
        return refusal.body;
    }

    @Override
    public final boolean retryable() {
        return refusal.retryable();
    }

    /** 401: no app has this key and secret. */
    public static final class Unauthorized extends ApiException {
        private static final long serialVersionUID = 1;

        Unauthorized(Refusal refusal) {
            super(refusal);
        }
    }

    /** 429: too many requests within a second. */
    public static final class TooManyRequests extends ApiException {
        private static final long serialVersionUID = 1;

        TooManyRequests(Refusal refusal) {
            super(refusal);
        }
    }

    /** A field, the body or an id is wrong: see {@link #pointer()} and {@link #reason()}. */
    public static final class InvalidRequest extends ApiException {
        private static final long serialVersionUID = 1;

        InvalidRequest(Refusal refusal) {
            super(refusal);
        }
    }

    /** The resource id is too old, used, or not for this app, room and uid. Acquire another. */
    public static final class BadResource extends ApiException {
        private static final long serialVersionUID = 1;

        BadResource(Refusal refusal) {
            super(refusal);
        }
    }

    /** No such recording, or it is over. */
    public static final class NotFound extends ApiException {
        private static final long serialVersionUID = 1;

        NotFound(Refusal refusal) {
            super(refusal);
        }
    }

    /** It doesn't fit the state: another recorder has the uid (53), it stops already (49). */
    public static final class Conflict extends ApiException {
        private static final long serialVersionUID = 1;

        Conflict(Refusal refusal) {
            super(refusal);
        }
    }

    /** The server or the app records as much as it may (406). */
    public static final class Overloaded extends ApiException {
        private static final long serialVersionUID = 1;

        Overloaded(Refusal refusal) {
            super(refusal);
        }
    }

    /** The recording ended without anything: nobody sent what was asked for (435). */
    public static final class NothingRecorded extends ApiException {
        private static final long serialVersionUID = 1;

        NothingRecorded(Refusal refusal) {
            super(refusal);
        }
    }

    /**
     * The recording ended and not every file is in the bucket yet (50): uploads go on, or the
     * storage refuses them. {@link Capstan#recording} tells which.
     */
    public static final class UploadsPending extends ApiException {
        private static final long serialVersionUID = 1;

        UploadsPending(Refusal refusal) {
            super(refusal);
        }
    }

    /** The server failed, or something between it and here did. */
    public static final class ServerError extends ApiException {
        private static final long serialVersionUID = 1;

        ServerError(Refusal refusal) {
            super(refusal);
        }
    }
}
