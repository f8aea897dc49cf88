package capstan.client.http;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What a server answered. */
public final class TransportResponse {
    private final int status;
    private final Map<String, String> headers;
    private final byte[] body;

    /** An answer; names of headers are compared without regard to case. */
    public TransportResponse(int status, Map<String, String> headers, byte[] body) {
        this.status = status;
        this.headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        this.headers.putAll(headers);
        this.body = body.clone();
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** A header, whatever its case. */
    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
    }

    /** The body. */
    public byte[] body() {
        return body.clone();
    }
}
