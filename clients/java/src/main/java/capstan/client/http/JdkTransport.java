package capstan.client.http;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Requests by {@code java.net.http}. Redirects aren't followed: keys stay where they belong. */
public final class JdkTransport implements Transport {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final int MAX_BODY = 16 << 20;

    private final HttpClient client;

    /** A transport with a connection pool of its own. */
    public JdkTransport() {
        this(HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT_TIMEOUT)
                .build());
    }

    /** A transport over a client of yours: with a proxy, a trust store or an executor, say. */
    public JdkTransport(HttpClient client) {
        this.client = Objects.requireNonNull(client, "client");
    }

    @Override
    public CompletableFuture<TransportResponse> send(TransportRequest request) {
        HttpRequest.BodyPublisher body = request.body()
                .map(HttpRequest.BodyPublishers::ofByteArray)
                .orElseGet(HttpRequest.BodyPublishers::noBody);
        HttpRequest.Builder builder = HttpRequest.newBuilder(request.uri())
                .timeout(request.timeout())
                .method(request.method(), body);
        request.headers().forEach(builder::header);
        CompletableFuture<HttpResponse<byte[]>> sent =
                client.sendAsync(builder.build(), info -> new BoundedBody(MAX_BODY));
        // The client's own time-out ends with the headers; a body may trickle for ever.
        CompletableFuture<TransportResponse> whole = sent.thenApply(JdkTransport::response)
                .orTimeout(request.timeout().toNanos(), TimeUnit.NANOSECONDS);
        whole.whenComplete((answer, failure) -> {
            if (failure != null) {
                sent.cancel(true);
            }
        });
        return whole;
    }

    private static TransportResponse response(HttpResponse<byte[]> response) {
        Map<String, String> headers = new LinkedHashMap<>();
        response.headers().map().forEach((name, values) -> headers.put(name, values.get(0)));
        return new TransportResponse(response.statusCode(), headers, response.body());
    }
}
