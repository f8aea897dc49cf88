package capstan.client.http;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Time as the client sees it: pauses between attempts, and deadlines. */
public interface Scheduler {
    /** A clock that only goes forward, in nanoseconds. */
    long nanoTime();

    /** Ends after a while. */
    CompletableFuture<Void> after(Duration delay);

    /** The machine's time. */
    static Scheduler system() {
        return new Scheduler() {
            @Override
            public long nanoTime() {
                return System.nanoTime();
            }

            @Override
            public CompletableFuture<Void> after(Duration delay) {
                return CompletableFuture.runAsync(() -> {}, CompletableFuture.delayedExecutor(
                        delay.toNanos(), TimeUnit.NANOSECONDS));
            }
        };
    }
}
