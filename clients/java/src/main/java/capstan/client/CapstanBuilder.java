package capstan.client;

import capstan.client.http.JdkTransport;
import capstan.client.http.Scheduler;
import capstan.client.http.Transport;
import capstan.client.model.Region;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/** Puts a {@link Capstan} together. App and key are needed, the rest has defaults. */
public final class CapstanBuilder {
    private final Settings settings = new Settings();
    private boolean built;

    CapstanBuilder() {}

    /** Where the server is: {@code https://record.example.com}, say, perhaps with a path. */
    public CapstanBuilder baseUrl(String url) {
        URI parsed = URI.create(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
        boolean http = "http".equals(parsed.getScheme()) || "https".equals(parsed.getScheme());
        if (!http || parsed.getHost() == null || parsed.getRawUserInfo() != null
                || parsed.getRawQuery() != null || parsed.getRawFragment() != null) {
            throw new IllegalArgumentException(
                    "a base URL is http or https, a host and perhaps a path, without credentials");
        }
        settings.baseUrl = parsed;
        return this;
    }

    /** Puts a region in front of the paths of the recording API. */
    public CapstanBuilder region(Region region) {
        settings.region = Optional.of(region);
        return this;
    }

    /** The app's id. */
    public CapstanBuilder app(String app) {
        settings.app = Objects.requireNonNull(app, "app");
        return this;
    }

    /** The key and secret of the app, or the pair of customer id and secret. */
    public CapstanBuilder key(String key, String secret) {
        if (key.contains(":")) {
            throw new IllegalArgumentException("a key has no colon");
        }
        settings.key = key;
        settings.secret = Objects.requireNonNull(secret, "secret");
        return this;
    }

    /** How long one attempt may take; 30 s unless set. {@code stop} may take 20. */
    public CapstanBuilder attemptTimeout(Duration timeout) {
        settings.attemptTimeout = positive(timeout);
        return this;
    }

    /** How long a call may take with all its attempts and pauses; 90 s unless set. */
    public CapstanBuilder callTimeout(Duration timeout) {
        settings.callTimeout = positive(timeout);
        return this;
    }

    /** When a call is tried again. */
    public CapstanBuilder retries(RetryPolicy retries) {
        settings.retries = Objects.requireNonNull(retries, "retries");
        return this;
    }

    /** What carries requests; {@link JdkTransport} unless set. */
    public CapstanBuilder transport(Transport transport) {
        settings.transport = Objects.requireNonNull(transport, "transport");
        return this;
    }

    /** Is told of every attempt; never sees a key. It must be quick. */
    public CapstanBuilder log(Consumer<LogEntry> log) {
        settings.log = Objects.requireNonNull(log, "log");
        return this;
    }

    /** Says who calls, in front of the client's own name in {@code User-Agent}. */
    public CapstanBuilder userAgent(String product) {
        if (!product.matches("[\\x21-\\x7e]+( [\\x21-\\x7e]+)*")) {
            throw new IllegalArgumentException("a product in User-Agent is printable ASCII");
        }
        settings.userAgent = product + " capstan-java/" + Capstan.VERSION;
        return this;
    }

    /** Time; the machine's unless set. */
    public CapstanBuilder scheduler(Scheduler scheduler) {
        settings.scheduler = Objects.requireNonNull(scheduler, "scheduler");
        return this;
    }

    /** Chance for pauses, from 0 to below 1. */
    CapstanBuilder chance(DoubleSupplier chance) {
        settings.chance = chance;
        return this;
    }

    /** The client. A builder makes one. */
    public Capstan build() {
        if (settings.app == null || settings.key == null) {
            throw new IllegalStateException("app(...) and key(...) are needed");
        }
        if (built) {
            throw new IllegalStateException("a builder makes one client");
        }
        built = true;
        if (settings.transport == null) {
            settings.transport = new JdkTransport();
        }
        return new Capstan(new CapstanAsync(new Caller(settings)));
    }

    private static Duration positive(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("a time-out must be positive");
        }
        return timeout;
    }
}
