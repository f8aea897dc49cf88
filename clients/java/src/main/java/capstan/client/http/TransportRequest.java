package capstan.client.http;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** One request on its way out. It holds credentials: show {@link #toString()}, not its headers. */
public final class TransportRequest {
    private final String method;
    private final URI uri;
    private final Map<String, String> headers;
    private final byte[] body;
    private final Duration timeout;

    /** A request; {@code body} is null if there is none. */
    public TransportRequest(
            String method, URI uri, Map<String, String> headers, byte[] body, Duration timeout) {
        this.method = Objects.requireNonNull(method);
        this.uri = Objects.requireNonNull(uri);
        this.headers = Map.copyOf(headers);
        this.body = body == null ? null : body.clone();
        this.timeout = Objects.requireNonNull(timeout);
    }

    /** {@code GET}, {@code POST} or {@code PUT}. */
    public String method() {
        return method;
    }

    /** Where it goes. */
    public URI uri() {
        return uri;
    }

    /** Its headers, credentials included. */
    public Map<String, String> headers() {
        return headers;
    }

    /** Its body, if it has one. */
    public Optional<byte[]> body() {
        return Optional.ofNullable(body).map(byte[]::clone);
    }

    /** How long to wait for the whole answer. */
    public Duration timeout() {
        return timeout;
    }

    @Override
    public String toString() {
        return method + " " + uri.getPath();
    }
}
