package capstan.client.callback;

/** A callback that wasn't sent by whoever shares the secret, or long ago: answer it with 401. */
public final class BadSignatureException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BadSignatureException(String message) {
        super(message);
    }
}
