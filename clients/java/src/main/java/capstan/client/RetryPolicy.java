package capstan.client;

import java.time.Duration;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * How often and after which pauses a call is tried again. All attempts of a call share one
 * deadline: the call's time-out.
 *
 * <p>Tried again is what can do no harm and may help: no answer, HTTP 408, 425, 429 and 5xx, and
 * the API's code 65. A pause is never shorter than {@code Retry-After}.
 */
public final class RetryPolicy {
    /** The documents ask for 3 and 6 seconds after code 65. */
    private static final Duration AFTER_JITTER = Duration.ofSeconds(3);

    private final int maxAttempts;
    private final Duration first;
    private final Duration longest;

    private RetryPolicy(int maxAttempts, Duration first, Duration longest) {
        if (maxAttempts < 1 || first.isNegative() || longest.compareTo(first) < 0) {
            throw new IllegalArgumentException(
                    "attempts must be 1 or more, and pauses must not shrink");
        }
        this.maxAttempts = maxAttempts;
        this.first = first;
        this.longest = longest;
    }

    /** Up to 8 attempts, pauses from 200 ms that double up to 10 s. */
    public static RetryPolicy standard() {
        return new RetryPolicy(8, Duration.ofMillis(200), Duration.ofSeconds(10));
    }

    /** One attempt. */
    public static RetryPolicy never() {
        return standard().withMaxAttempts(1);
    }

    /** The same with another number of attempts. */
    public RetryPolicy withMaxAttempts(int attempts) {
        return new RetryPolicy(attempts, first, longest);
    }

    /** The same with other pauses: the first one, and the longest one that it doubles up to. */
    public RetryPolicy withPauses(Duration first, Duration longest) {
        return new RetryPolicy(maxAttempts, first, longest);
    }

    int maxAttempts() {
        return maxAttempts;
    }

    /**
     * The pause after failed attempt number {@code attempt}, from 1: half of it is chance, so that
     * clients that failed together don't come back together.
     */
    Duration pause(
            int attempt, boolean jitter, Optional<Duration> retryAfter, DoubleSupplier chance) {
        double doubled = first.toNanos() * Math.pow(2, Math.min(attempt - 1, 40));
        double whole = Math.min(doubled, longest.toNanos());
        if (jitter) {
            // At least 3 s, then at least 6 s.
            double least = AFTER_JITTER.toNanos() * Math.min(attempt, 2);
            return scaled(least, 1 + chance.getAsDouble() / 2);
        }
        Duration pause = scaled(whole, 0.5 + chance.getAsDouble() / 2);
        return retryAfter.map(wait -> wait.plus(pause)).orElse(pause);
    }

    private static Duration scaled(double nanos, double by) {
        return Duration.ofNanos((long) (nanos * by));
    }
}
