package capstan.client.http;

import java.util.concurrent.CompletableFuture;

/**
 * Carries one request to the server and its answer back. Tries once; retries are not its affair.
 *
 * <p>The future ends with {@code java.net.http.HttpTimeoutException} if no answer came in time,
 * with {@code java.net.ConnectException} if nobody listens, with another {@code IOException} if
 * the connection broke.
 */
@FunctionalInterface
public interface Transport {
    /** Sends a request; must not block. */
    CompletableFuture<TransportResponse> send(TransportRequest request);
}
