package capstan.examples;

import capstan.client.BadAnswerException;
import capstan.client.Capstan;
import capstan.client.CapstanException;
import capstan.client.callback.BadSignatureException;
import capstan.client.callback.Callbacks;
import capstan.client.callback.Event;
import capstan.client.callback.SequenceChecker;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * A small receiver of callbacks: checks who sent them, drops what came before, fetches what didn't
 * come, and hands every event on once and in order.
 *
 * <p>By itself: {@code java ... capstan.examples.CallbackServer PORT SECRET URL APP KEY KEYSECRET}.
 */
public final class CallbackServer implements AutoCloseable {
    private static final int MOST_BYTES = 1 << 20;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newFixedThreadPool(2);

    /** Listens on a loopback port; 0 for any that is free. */
    public CallbackServer(int port) throws IOException {
        server = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(threads);
        server.start();
    }

    /** Takes the callbacks of one app at {@code path}. */
    public void take(
            String path, String secret, SequenceChecker checker, Consumer<Event> handler) {
        server.createContext(path, exchange -> {
            int status = answer(exchange, secret, checker, handler);
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
    }

    /** The port that it listens on. */
    public int port() {
        return server.getAddress().getPort();
    }

    private static int answer(
            HttpExchange exchange, String secret, SequenceChecker checker,
            Consumer<Event> handler) throws IOException {
        if (!exchange.getRequestMethod().equals("POST")) {
            return 405;
        }
        byte[] body;
        try (InputStream in = exchange.getRequestBody()) {
            body = in.readNBytes(MOST_BYTES + 1);
        }
        if (body.length > MOST_BYTES) {
            return 413;
        }
        try {
            Event event = Callbacks.verify(body, exchange.getRequestHeaders(), secret);
            checker.check(event).events().forEach(handler);
            return 200;
        } catch (BadSignatureException e) {
            return 401;
        } catch (BadAnswerException e) {
            return 400;
        } catch (CapstanException e) {
            // What is missing couldn't be fetched now: the event comes again.
            return 503;
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdown();
    }

    /** Prints events until it is killed. */
    public static void main(String[] arguments) throws IOException {
        Capstan capstan = Capstan.builder().baseUrl(arguments[2]).app(arguments[3])
                .key(arguments[4], arguments[5]).build();
        CallbackServer server = new CallbackServer(Integer.parseInt(arguments[0]));
        server.take("/events", arguments[1], new SequenceChecker(capstan), System.out::println);
        System.out.println("callbacks are taken at http://127.0.0.1:" + server.port() + "/events");
    }
}
