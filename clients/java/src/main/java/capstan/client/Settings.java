package capstan.client;

import capstan.client.http.Scheduler;
import capstan.client.http.Transport;
import capstan.client.model.Region;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/** What a client was built with. It holds a secret and has no text. */
final class Settings {
    URI baseUrl = URI.create("http://127.0.0.1:8080");
    Optional<Region> region = Optional.empty();
    String app;
    String key;
    String secret;
    Duration attemptTimeout = Duration.ofSeconds(30);
    Duration callTimeout = Duration.ofSeconds(90);
    RetryPolicy retries = RetryPolicy.standard();
    Transport transport;
    Scheduler scheduler = Scheduler.system();
    Clock clock = Clock.systemUTC();
    DoubleSupplier chance = () -> ThreadLocalRandom.current().nextDouble();
    Consumer<LogEntry> log = entry -> {};
    String userAgent = "capstan-java/" + Capstan.VERSION;

    String authorization() {
        String pair = key + ":" + secret;
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    /** A log that fails harms no call. */
    void tell(LogEntry entry) {
        try {
            log.accept(entry);
        } catch (RuntimeException e) {
            System.getLogger("capstan.client").log(
                    System.Logger.Level.WARNING, "the log of a Capstan client failed", e);
        }
    }

    /** Hides the secret, and what was made of it, in words that came from elsewhere. */
    String redact(String words) {
        String encoded = authorization().substring("Basic ".length());
        String shown = words.replace(encoded, "***");
        // Hiding a short word would make most texts unreadable, and tell nothing of a good secret.
        return secret.length() < 8 ? shown : shown.replace(secret, "***");
    }
}
