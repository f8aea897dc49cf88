package capstan.client;

import capstan.client.model.Answer;
import capstan.client.model.LayoutRequest;
import capstan.client.model.RecordingDetails;
import capstan.client.model.ReplayedEvent;
import capstan.client.model.StopRequest;
import capstan.client.model.StorageConfig;
import capstan.client.model.UpdateRequest;
import capstan.client.model.Uploads;

/** A recording that was started, and what can be done with it. */
public final class Recording {
    private final CapstanAsync async;
    private final RecordingId id;

    Recording(CapstanAsync async, RecordingId id) {
        this.async = async;
        this.id = id;
    }

    /** Its names; {@link Capstan#recording(RecordingId)} makes a handle of them again. */
    public RecordingId id() {
        return id;
    }

    /** Its id. */
    public String sid() {
        return id.sid();
    }

    /** Asks how it is doing. */
    public Answer query() {
        return Capstan.await(async.query(id));
    }

    /** Changes whose streams are recorded, or the storage's keys. */
    public Answer update(UpdateRequest request) {
        return Capstan.await(async.update(id, request));
    }

    /** Replaces all layout settings. */
    public Answer updateLayout(LayoutRequest request) {
        return Capstan.await(async.updateLayout(id, request));
    }

    /** Ends it and waits, up to 20 seconds, until everything is uploaded. */
    public Answer stop() {
        return stop(StopRequest.builder().build());
    }

    /** Ends it. */
    public Answer stop(StopRequest request) {
        return Capstan.await(async.stop(id, request));
    }

    /** Tells all that is known of it, also after its end. */
    public RecordingDetails details() {
        return Capstan.await(async.recording(id.sid()));
    }

    /** Its events from the first one, fetched page by page. */
    public Pages<ReplayedEvent> events() {
        return new Capstan(async).events(id.sid());
    }

    /** Gives new keys, or another storage, to its files that haven't left. */
    public Uploads storage(StorageConfig storage) {
        return Capstan.await(async.storage(id.sid(), storage));
    }

    /** The same calls without waiting, by {@link #id()}. */
    public CapstanAsync async() {
        return async;
    }

    @Override
    public String toString() {
        return "recording " + id;
    }
}
