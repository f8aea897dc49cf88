package capstan.client;

import capstan.client.http.TransportRequest;
import capstan.client.http.TransportResponse;
import capstan.client.internal.Json;
import capstan.client.internal.Json.JsonException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** Makes calls: attempt after attempt until one deadline, each answer read and judged. */
final class Caller {
    private final Settings settings;

    Caller(Settings settings) {
        this.settings = settings;
    }

    Settings settings() {
        return settings;
    }

    /** When a call that begins now must be over. */
    long deadline() {
        return settings.scheduler.nanoTime() + settings.callTimeout.toNanos();
    }

    CompletableFuture<Reply> call(
            Endpoint endpoint, Map<String, String> names, Map<String, ?> query, Object body,
            long deadline) {
        try {
            return new Call(endpoint, names, query, body, deadline).attempt(1);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** An answer that wasn't a refusal, or one of the few refusals that tell what was asked for. */
    static final class Reply {
        final int status;
        final Map<String, Object> fields;

        Reply(int status, Map<String, Object> fields) {
            this.status = status;
            this.fields = fields;
        }
    }

    private final class Call {
        private final Endpoint endpoint;
        private final String path;
        private final URI uri;
        private final byte[] body;
        private final long deadline;
        /** Whether an attempt may have been carried out without anybody here knowing. */
        private boolean unanswered;

        Call(
                Endpoint endpoint, Map<String, String> names, Map<String, ?> query, Object body,
                long deadline) {
            this.endpoint = endpoint;
            this.path = settings.region.filter(region -> endpoint.regional())
                    .map(region -> "/" + region.toString().toLowerCase(Locale.ROOT))
                    .orElse("") + endpoint.path(names);
            this.uri = URI.create(settings.baseUrl + path + text(query));
            this.body = body == null ? null : Json.write(body).getBytes(StandardCharsets.UTF_8);
            this.deadline = deadline;
        }

        CompletableFuture<Reply> attempt(int number) {
            long began = settings.scheduler.nanoTime();
            Duration left = Duration.ofNanos(deadline - began);
            if (left.isNegative() || left.isZero()) {
                return CompletableFuture.failedFuture(new TransportException(
                        TransportException.Kind.TIMEOUT,
                        endpoint.operation + ": the deadline has passed", null));
            }
            Duration timeout = left.compareTo(settings.attemptTimeout) < 0
                    ? left : settings.attemptTimeout;
            TransportRequest request = new TransportRequest(
                    endpoint.method, uri, headers(), body, timeout);
            return sent(request)
                    .handle((response, failure) -> judged(response, failure))
                    .thenCompose(result -> next(number, began, result));
        }

        /** A transport that throws has failed like one whose future fails. */
        private CompletableFuture<TransportResponse> sent(TransportRequest request) {
            try {
                return settings.transport.send(request);
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        private Result judged(TransportResponse response, Throwable failure) {
            if (failure != null) {
                Throwable cause = failure instanceof CompletionException
                        && failure.getCause() != null ? failure.getCause() : failure;
                TransportException told = TransportException.of(endpoint.operation, cause);
                unanswered |= told.kind() != TransportException.Kind.CONNECT;
                return Result.failed(OptionalInt.empty(), told, false, Optional.empty());
            }
            OptionalInt status = OptionalInt.of(response.status());
            try {
                Optional<Reply> reply = read(response);
                if (reply.isPresent()) {
                    return Result.done(status, reply.get());
                }
            } catch (JsonException e) {
                return Result.failed(status, new BadAnswerException(
                        endpoint.operation + ": HTTP " + response.status()
                                + " with a body that isn't JSON: " + e.getMessage()),
                        false, Optional.empty());
            }
            ApiException refused = Refusal.exception(
                    endpoint.operation, response, settings.clock.instant(), settings::redact);
            boolean jitter = refused.code().orElse(0) == 65;
            // A gateway may have lost the answer of the server behind it.
            unanswered |= response.status() >= 500 && refused.code().isEmpty();
            return Result.failed(status, refused, jitter, refused.retryAfter());
        }

        /** The answer's fields; empty if it is a refusal. */
        private Optional<Reply> read(TransportResponse response) throws JsonException {
            int status = response.status();
            boolean started = endpoint == Endpoint.START && status == 201;
            if (status != 200 && !started) {
                return Optional.empty();
            }
            Map<String, Object> fields = Json.readObject(response.body());
            // Started before, perhaps by an attempt whose answer got lost: there it is.
            return started && !(fields.get("sid") instanceof String)
                    ? Optional.empty() : Optional.of(new Reply(status, fields));
        }

        private CompletionStage<Reply> next(int number, long began, Result result) {
            Duration took = Duration.ofNanos(settings.scheduler.nanoTime() - began);
            Optional<Duration> pause = result.failure == null ? Optional.empty()
                    : pause(number, result);
            Optional<String> failure = Optional.ofNullable(result.failure)
                    .map(told -> settings.redact(told.getMessage()));
            settings.tell(new LogEntry(endpoint.operation, endpoint.method, path, number, took,
                    result.status, failure, pause));
            if (result.failure == null) {
                return CompletableFuture.completedFuture(result.reply);
            }
            if (pause.isEmpty()) {
                return CompletableFuture.failedFuture(result.failure.unanswered(unanswered));
            }
            return settings.scheduler.after(pause.get()).thenCompose(x -> attempt(number + 1));
        }

        /** The pause before another attempt; empty if there is none. */
        private Optional<Duration> pause(int number, Result result) {
            if (!result.failure.retryable() || number >= settings.retries.maxAttempts()) {
                return Optional.empty();
            }
            Duration pause = settings.retries.pause(
                    number, result.jitter, result.retryAfter, settings.chance);
            long left = deadline - settings.scheduler.nanoTime();
            // Nobody waits for an attempt that can't be made any more.
            return pause.toNanos() >= left ? Optional.empty() : Optional.of(pause);
        }

        private Map<String, String> headers() {
            Map<String, String> headers = new LinkedHashMap<>();
            headers.put("Authorization", settings.authorization());
            headers.put("Accept", "application/json");
            headers.put("User-Agent", settings.userAgent);
            if (body != null) {
                headers.put("Content-Type", "application/json;charset=utf-8");
            }
            return headers;
        }
    }

    private static final class Result {
        final OptionalInt status;
        final Reply reply;
        final CapstanException failure;
        final boolean jitter;
        final Optional<Duration> retryAfter;

        private Result(
                OptionalInt status, Reply reply, CapstanException failure, boolean jitter,
                Optional<Duration> retryAfter) {
            this.status = status;
            this.reply = reply;
            this.failure = failure;
            this.jitter = jitter;
            this.retryAfter = retryAfter;
        }

        static Result done(OptionalInt status, Reply reply) {
            return new Result(status, reply, null, false, Optional.empty());
        }

        static Result failed(
                OptionalInt status, CapstanException failure, boolean jitter,
                Optional<Duration> retryAfter) {
            return new Result(status, null, failure, jitter, retryAfter);
        }
    }

    private static String text(Map<String, ?> query) {
        StringBuilder text = new StringBuilder();
        query.forEach((name, value) -> text.append(text.length() == 0 ? '?' : '&')
                .append(Endpoint.encode(name)).append('=')
                .append(Endpoint.encode(value.toString())));
        return text.toString();
    }
}
