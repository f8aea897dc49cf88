package capstan.client.live;

import capstan.client.Capstan;
import capstan.client.CapstanBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.function.Supplier;

/** Where the running server is that the live tests use, and where they say what they made. */
final class Place {
    private Place() {}

    static String variable(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException(name + " is not set: see tests/promises");
        }
        return value;
    }

    static CapstanBuilder client(String app) {
        return Capstan.builder().baseUrl(variable("CAPSTAN_URL")).app(app).key(app, app);
    }

    /** Tells the promise which file is to be judged. */
    static synchronized void made(String key) throws IOException {
        Files.writeString(Path.of(variable("CAPSTAN_MADE")), key + "\n",
                StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    static void eventually(String what, Supplier<Boolean> happened) throws InterruptedException {
        long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!happened.get()) {
            if (System.nanoTime() > until) {
                throw new AssertionError("it didn't happen within a minute: " + what);
            }
            Thread.sleep(100);
        }
    }
}
