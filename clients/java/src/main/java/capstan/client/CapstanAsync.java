package capstan.client;

import capstan.client.Caller.Reply;
import capstan.client.model.AcquireRequest;
import capstan.client.model.Answer;
import capstan.client.model.EventPage;
import capstan.client.model.EventsRequest;
import capstan.client.model.Fields;
import capstan.client.model.LayoutRequest;
import capstan.client.model.ListRequest;
import capstan.client.model.Mode;
import capstan.client.model.PluginList;
import capstan.client.model.RecordingDetails;
import capstan.client.model.RecordingPage;
import capstan.client.model.StartRequest;
import capstan.client.model.StopRequest;
import capstan.client.model.StorageConfig;
import capstan.client.model.UpdateRequest;
import capstan.client.model.Uploads;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The calls of {@link Capstan} that don't block. A future fails with a {@link CapstanException}.
 * Retries are made while nobody waits.
 */
public final class CapstanAsync {
    private final Caller caller;

    CapstanAsync(Caller caller) {
        this.caller = caller;
    }

    /** As {@link Capstan#record(String, RecordOptions)}. */
    public CompletableFuture<Recording> record(String room, RecordOptions options) {
        Recorder recorder = options.recorder(room);
        Mode mode = options.mode();
        StartRequest request = options.start();
        long deadline = caller.deadline();
        return acquire(recorder, options.acquire(), deadline).thenCompose(acquired -> {
            String resource = acquired.resourceId();
            return start(recorder, resource, mode, request, deadline)
                    .exceptionally(failure -> {
                        throw lost(recorder, resource, mode, request, failure);
                    })
                    .thenApply(started -> new Recording(
                            this, new RecordingId(recorder, mode, resource, started.sid())));
        });
    }

    private static RuntimeException lost(
            Recorder recorder, String resource, Mode mode, StartRequest request,
            Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof CapstanException && ((CapstanException) cause).mayHaveHappened()) {
            return new UnansweredStartException(
                    recorder, resource, mode, request, (CapstanException) cause);
        }
        return new CompletionException(cause);
    }

    /** As {@link Capstan#acquire}. */
    public CompletableFuture<Answer> acquire(Recorder recorder, AcquireRequest request) {
        return acquire(recorder, request, caller.deadline());
    }

    private CompletableFuture<Answer> acquire(
            Recorder recorder, AcquireRequest request, long deadline) {
        return post(Endpoint.ACQUIRE, recorder, Map.of(), request, deadline);
    }

    /** As {@link Capstan#start}. */
    public CompletableFuture<Answer> start(
            Recorder recorder, String resourceId, Mode mode, StartRequest request) {
        return start(recorder, resourceId, mode, request, caller.deadline());
    }

    private CompletableFuture<Answer> start(
            Recorder recorder, String resourceId, Mode mode, StartRequest request,
            long deadline) {
        Map<String, String> names = Map.of("resourceid", resourceId, "mode", mode.toString());
        return post(Endpoint.START, recorder, names, request, deadline);
    }

    /** As {@link Capstan#query}. */
    public CompletableFuture<Answer> query(RecordingId id) {
        return get(Endpoint.QUERY, names(id), Map.of()).thenApply(reply -> Answer.of(reply.fields));
    }

    /** As {@link Capstan#update}. */
    public CompletableFuture<Answer> update(RecordingId id, UpdateRequest request) {
        return post(Endpoint.UPDATE, id.recorder(), names(id), request, caller.deadline());
    }

    /** As {@link Capstan#updateLayout}. */
    public CompletableFuture<Answer> updateLayout(RecordingId id, LayoutRequest request) {
        return post(Endpoint.UPDATE_LAYOUT, id.recorder(), names(id), request, caller.deadline());
    }

    /** As {@link Capstan#stop}. */
    public CompletableFuture<Answer> stop(RecordingId id, StopRequest request) {
        return new Stop(this, id).after(
                post(Endpoint.STOP, id.recorder(), names(id), request, caller.deadline()));
    }

    /** As {@link Capstan#listPage}. */
    public CompletableFuture<RecordingPage> listPage(ListRequest request) {
        return get(Endpoint.LIST, Map.of(), request.fields())
                .thenApply(reply -> RecordingPage.of(reply.fields));
    }

    /** As {@link Capstan#recording}. */
    public CompletableFuture<RecordingDetails> recording(String sid) {
        return get(Endpoint.DETAILS, Map.of("sid", sid), Map.of())
                .thenApply(reply -> RecordingDetails.of(reply.fields));
    }

    /** As {@link Capstan#eventPage}. */
    public CompletableFuture<EventPage> eventPage(String sid, EventsRequest request) {
        return get(Endpoint.EVENTS, Map.of("sid", sid), request.fields())
                .thenApply(reply -> EventPage.of(reply.fields));
    }

    /** As {@link Capstan#storage}. */
    public CompletableFuture<Uploads> storage(String sid, StorageConfig storage) {
        return caller.call(Endpoint.STORAGE, Map.of("sid", sid), Map.of(), storage.fields(),
                caller.deadline()).thenApply(reply -> Uploads.of(reply.fields));
    }

    /** As {@link Capstan#plugins}. */
    public CompletableFuture<PluginList> plugins() {
        return get(Endpoint.PLUGINS, Map.of(), Map.of())
                .thenApply(reply -> PluginList.of(reply.fields));
    }

    private CompletableFuture<Answer> post(
            Endpoint endpoint, Recorder recorder, Map<String, String> names, Fields request,
            long deadline) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("cname", recorder.room());
        body.put("uid", Long.toString(recorder.uid()));
        body.put("clientRequest", request.fields());
        Map<String, String> whole = new LinkedHashMap<>(names);
        whole.put("appid", caller.settings().app);
        return caller.call(endpoint, whole, Map.of(), body, deadline)
                .thenApply(reply -> Answer.of(reply.fields));
    }

    private CompletableFuture<Reply> get(
            Endpoint endpoint, Map<String, String> names, Map<String, ?> query) {
        return caller.call(endpoint, names, query, null, caller.deadline());
    }

    private Map<String, String> names(RecordingId id) {
        return Map.of(
                "appid", caller.settings().app, "resourceid", id.resourceId(), "sid", id.sid(),
                "mode", id.mode().toString());
    }
}
