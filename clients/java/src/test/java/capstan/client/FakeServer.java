package capstan.client;

import capstan.client.http.Scheduler;
import capstan.client.http.Transport;
import capstan.client.http.TransportRequest;
import capstan.client.http.TransportResponse;
import capstan.client.internal.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** An injected transport that answers by a script, and a clock that only pauses and answers move. */
final class FakeServer implements Transport, Scheduler {
    final List<TransportRequest> requests = new ArrayList<>();
    final List<Duration> pauses = new ArrayList<>();
    final List<LogEntry> log = new ArrayList<>();
    private final Deque<Object> script = new ArrayDeque<>();
    private long now = 1_000;
    private Duration eachTakes = Duration.ofMillis(10);

    FakeServer answers(int status, String body, String... headers) {
        Map<String, String> named = headers.length == 0
                ? Map.of() : Map.of(headers[0], headers[1]);
        script.add(new TransportResponse(status, named, body.getBytes(StandardCharsets.UTF_8)));
        return this;
    }

    FakeServer fails(Exception failure) {
        script.add(failure);
        return this;
    }

    FakeServer eachTakes(Duration time) {
        eachTakes = time;
        return this;
    }

    CapstanBuilder client() {
        return Capstan.builder().baseUrl("https://rec.example.com").app("school")
                .key("key-of-school", "secret-of-school").transport(this).scheduler(this)
                .chance(() -> 0.5).log(log::add);
    }

    /** Whether all of the script was asked for. */
    boolean done() {
        return script.isEmpty();
    }

    String method(int index) {
        return requests.get(index).toString();
    }

    Map<String, Object> body(int index) throws Json.JsonException {
        return Json.readObject(requests.get(index).body().orElseThrow());
    }

    @Override
    public CompletableFuture<TransportResponse> send(TransportRequest request) {
        requests.add(request);
        Object next = script.poll();
        if (next == null) {
            throw new AssertionError("not in the script: " + request);
        }
        now += Math.min(eachTakes.toNanos(), request.timeout().toNanos());
        return next instanceof Exception
                ? CompletableFuture.failedFuture((Exception) next)
                : CompletableFuture.completedFuture((TransportResponse) next);
    }

    @Override
    public long nanoTime() {
        return now;
    }

    @Override
    public CompletableFuture<Void> after(Duration delay) {
        pauses.add(delay);
        now += delay.toNanos();
        return CompletableFuture.completedFuture(null);
    }
}
