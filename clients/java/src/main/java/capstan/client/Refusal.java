package capstan.client;

import capstan.client.http.TransportResponse;
import capstan.client.internal.Json;
import capstan.client.internal.Json.JsonException;
import capstan.client.model.ErrorBody;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is known of a refused request, and what it means. */
final class Refusal {
    private static final int MAX_SHOWN = 300;
    /** A pointer stands where a sentence about a field begins. */
    private static final Pattern POINTER = Pattern.compile("(?:^|[:;] )(/[A-Za-z][\\w~/-]*)");
    private static final Set<Integer> ABOUT_FIELDS = Set.of(2, 8, 1013, 1028);
    private static final int NETWORK_JITTER = 65;

    final String operation;
    final int status;
    final ErrorBody body;
    final Optional<Duration> retryAfter;
    private final String text;

    private Refusal(
            String operation, TransportResponse response, Instant now,
            UnaryOperator<String> redact) {
        this.operation = operation;
        this.status = response.status();
        String whole = redact.apply(new String(response.body(), StandardCharsets.UTF_8));
        this.text = whole.length() > MAX_SHOWN ? whole.substring(0, MAX_SHOWN) + "..." : whole;
        this.body = read(whole);
        this.retryAfter = response.header("retry-after").flatMap(value -> wait(value, now));
    }

    /** The exception that says what this answer means. */
    static ApiException exception(
            String operation, TransportResponse response, Instant now,
            UnaryOperator<String> redact) {
        return new Refusal(operation, response, now, redact).exception();
    }

    private ApiException exception() {
        int code = code().orElse(0);
        switch (code) {
            case 2: case 8: case 400: case 401: case 405: case 1013: case 1028:
                return new ApiException.InvalidRequest(this);
            case 7: case 49: case 53:
                return new ApiException.Conflict(this);
            case 50:
                return new ApiException.UploadsPending(this);
            case 404:
                return new ApiException.NotFound(this);
            case 406:
                return new ApiException.Overloaded(this);
            case 432: case 433: case 1001: case 1003:
                return new ApiException.BadResource(this);
            case 435:
                return new ApiException.NothingRecorded(this);
            default:
                return byStatus();
        }
    }

    private ApiException byStatus() {
        switch (status) {
            case 400: case 413: case 415: case 422:
                return new ApiException.InvalidRequest(this);
            case 401:
                return new ApiException.Unauthorized(this);
            case 404:
                return new ApiException.NotFound(this);
            case 409:
                return new ApiException.Conflict(this);
            case 429:
                return new ApiException.TooManyRequests(this);
            default:
                return status >= 500 ? new ApiException.ServerError(this) : new ApiException(this);
        }
    }

    OptionalInt code() {
        return quietly(() -> body.code().map(Long::intValue)).map(OptionalInt::of)
                .orElseGet(OptionalInt::empty);
    }

    String reason() {
        return quietly(() -> body.reason().or(body::message).or(body::detail)).orElse(text);
    }

    Optional<String> pointer() {
        boolean ofApi = code().isPresent() && ABOUT_FIELDS.contains(code().getAsInt());
        boolean ofBody = quietly(body::type).orElse("").endsWith(":body");
        if (!ofApi && !ofBody) {
            return Optional.empty();
        }
        Matcher pointer = POINTER.matcher(reason());
        return pointer.find() ? Optional.of(pointer.group(1)) : Optional.empty();
    }

    /** Whether the network asked for another attempt in the API's own words. */
    boolean jitter() {
        return code().orElse(0) == NETWORK_JITTER;
    }

    boolean retryable() {
        // Some servers told wrong parameters with status 500.
        boolean failed = status >= 500 && status != 501 && status != 505 && code().orElse(0) != 2;
        return failed || jitter() || status == 408 || status == 425 || status == 429;
    }

    String message() {
        String code = code().isPresent() ? ", code " + code().getAsInt() : "";
        return operation + ": HTTP " + status + code + ": " + reason();
    }

    private static ErrorBody read(String text) {
        try {
            Object value = Json.read(text);
            return ErrorBody.of(value instanceof Map ? cast(value) : Map.of());
        } catch (JsonException e) {
            return ErrorBody.of(Map.of());
        }
    }

    @SuppressWarnings("unchecked") // The reader makes maps with text as keys only.
    private static Map<String, ?> cast(Object value) {
        return (Map<String, ?>) value;
    }

    /** A refusal whose fields are of the wrong type is still a refusal. */
    private static <T> Optional<T> quietly(Supplier<Optional<T>> read) {
        try {
            return read.get();
        } catch (BadAnswerException e) {
            return Optional.empty();
        }
    }

    /** {@code Retry-After}: seconds, or a date. */
    private static Optional<Duration> wait(String value, Instant now) {
        try {
            if (value.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Optional.of(Duration.ofSeconds(Long.parseLong(value)));
            }
            Instant at = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            return Optional.of(at.isBefore(now) ? Duration.ZERO : Duration.between(now, at));
        } catch (DateTimeException | NumberFormatException | ArithmeticException e) {
            return Optional.empty();
        }
    }
}
