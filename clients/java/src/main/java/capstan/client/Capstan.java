package capstan.client;

import capstan.client.model.AcquireRequest;
import capstan.client.model.Answer;
import capstan.client.model.EventPage;
import capstan.client.model.EventsRequest;
import capstan.client.model.LayoutRequest;
import capstan.client.model.ListRequest;
import capstan.client.model.Mode;
import capstan.client.model.PluginList;
import capstan.client.model.RecordingDetails;
import capstan.client.model.RecordingPage;
import capstan.client.model.RecordingSummary;
import capstan.client.model.ReplayedEvent;
import capstan.client.model.StartRequest;
import capstan.client.model.StopRequest;
import capstan.client.model.StorageConfig;
import capstan.client.model.UpdateRequest;
import capstan.client.model.Uploads;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Records rooms of one app of a Capstan server, or of any server with the API of Agora Cloud
 * Recording. Immutable; share one.
 *
 * <p>Every call is tried again where that can help, until its time-out: all of them can be repeated
 * without harm, and a recording is never started twice. Failures are told by the subclasses of
 * {@link CapstanException}.
 *
 * <pre>{@code
 * Capstan capstan = Capstan.builder().baseUrl("http://127.0.0.1:8080")
 *         .app("demo").key("demo", "demo").build();
 * Recording recording = capstan.record("room1");
 * ...
 * Answer stopped = recording.stop();
 * }</pre>
 */
public final class Capstan {
    /** This client's version. */
    public static final String VERSION = "0.1.0";

    private final CapstanAsync async;

    Capstan(CapstanAsync async) {
        this.async = async;
    }

    /** Begins a client. */
    public static CapstanBuilder builder() {
        return new CapstanBuilder();
    }

    /** The same calls without waiting. */
    public CapstanAsync async() {
        return async;
    }

    /** Records a room in mode mix with the server's defaults. */
    public Recording record(String room) {
        return record(room, RecordOptions.standard());
    }

    /**
     * Acquires and starts, under one deadline.
     *
     * @throws UnansweredStartException if no answer to {@code start} came and it may record
     */
    public Recording record(String room, RecordOptions options) {
        return await(async.record(room, options));
    }

    /** A handle on a recording that was started elsewhere. */
    public Recording recording(RecordingId id) {
        return new Recording(async, id);
    }

    /** Gets a resource id, which is valid for 5 minutes and one recording. */
    public Answer acquire(Recorder recorder, AcquireRequest request) {
        return await(async.acquire(recorder, request));
    }

    /** Starts a recording; one that was started with this resource id before is found again. */
    public Answer start(Recorder recorder, String resourceId, Mode mode, StartRequest request) {
        return await(async.start(recorder, resourceId, mode, request));
    }

    /** Asks how a running recording is doing. */
    public Answer query(RecordingId id) {
        return await(async.query(id));
    }

    /** Changes whose streams are recorded, or the storage's keys. */
    public Answer update(RecordingId id, UpdateRequest request) {
        return await(async.update(id, request));
    }

    /** Replaces all layout settings. Only in mode mix. */
    public Answer updateLayout(RecordingId id, LayoutRequest request) {
        return await(async.updateLayout(id, request));
    }

    /**
     * Ends a recording and waits, up to 20 seconds, until everything is uploaded, unless the
     * request says otherwise.
     *
     * @throws ApiException.NothingRecorded if nobody sent what was asked for
     * @throws ApiException.UploadsPending if files haven't left yet
     */
    public Answer stop(RecordingId id, StopRequest request) {
        return await(async.stop(id, request));
    }

    /** Recordings, the latest first, fetched page by page. Capstan's own. */
    public Pages<RecordingSummary> list(ListRequest request) {
        return new Pages<>(after -> {
            ListRequest.Builder next = request.toBuilder();
            after.ifPresent(next::after);
            RecordingPage page = listPage(next.build());
            return new Pages.Page<>(page.recordings(), page.next());
        });
    }

    /** One page of recordings. */
    public RecordingPage listPage(ListRequest request) {
        return await(async.listPage(request));
    }

    /** Looks into a recording, running or ended. Capstan's own. */
    public RecordingDetails recording(String sid) {
        return await(async.recording(sid));
    }

    /** A recording's events from the first one, delivered or not, fetched page by page. */
    public Pages<ReplayedEvent> events(String sid) {
        return events(sid, EventsRequest.builder().build());
    }

    /** A recording's events, delivered or not, fetched page by page. */
    public Pages<ReplayedEvent> events(String sid, EventsRequest request) {
        return new Pages<>(after -> {
            EventsRequest.Builder next = request.toBuilder();
            after.map(Long::parseLong).ifPresent(next::after);
            EventPage page = eventPage(sid, next.build());
            List<ReplayedEvent> events = page.events();
            boolean more = page.more() && !events.isEmpty();
            return new Pages.Page<>(events, more
                    ? Optional.of(Long.toString(events.get(events.size() - 1).sequence()))
                    : Optional.empty());
        });
    }

    /** One page of a recording's events. */
    public EventPage eventPage(String sid, EventsRequest request) {
        return await(async.eventPage(sid, request));
    }

    /** Gives new keys, or another storage, to a recording's files that haven't left. */
    public Uploads storage(String sid, StorageConfig storage) {
        return await(async.storage(sid, storage));
    }

    /** The plugins of the server. */
    public PluginList plugins() {
        return await(async.plugins());
    }

    static <T> T await(CompletableFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException) {
                // What is thrown shows where the caller waited, not only where it was made.
                e.getCause().addSuppressed(new Throwable("while the caller waited here"));
                throw (RuntimeException) e.getCause();
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            throw new TransportException(
                    TransportException.Kind.INTERRUPTED, "the waiting thread was interrupted", e)
                    .unanswered(true);
        }
    }
}
