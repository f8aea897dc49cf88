package capstan.client;

import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/** No answer came. */
public final class TransportException extends CapstanException {
    private static final long serialVersionUID = 1;

    private final Kind kind;

    /** What happened on the way. */
    public enum Kind {
        /** Nobody could be reached: nothing was sent. */
        CONNECT,
        /** No answer came in time. */
        TIMEOUT,
        /** The connection broke. */
        BROKEN,
        /** The server's certificate isn't trusted, or TLS failed otherwise. */
        TLS,
        /** The caller gave up. */
        INTERRUPTED,
    }

    TransportException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    static TransportException of(String what, Throwable cause) {
        Kind kind = kind(cause);
        String words = cause.getMessage() == null ? cause.getClass().getSimpleName()
                : cause.getMessage();
        return new TransportException(kind, what + ": no answer (" + kind + "): " + words, cause);
    }

    private static Kind kind(Throwable cause) {
        if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException
                || cause instanceof UnknownHostException
                || cause instanceof UnresolvedAddressException) {
            return Kind.CONNECT;
        }
        if (cause instanceof HttpTimeoutException || cause instanceof TimeoutException) {
            return Kind.TIMEOUT;
        }
        return cause instanceof SSLException ? Kind.TLS : Kind.BROKEN;
    }

    /** What happened on the way. */
    public Kind kind() {
        return kind;
    }

    @Override
    public boolean retryable() {
        return kind != Kind.TLS && kind != Kind.INTERRUPTED;
    }
}
