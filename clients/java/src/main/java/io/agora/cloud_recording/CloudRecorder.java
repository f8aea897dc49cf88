package io.agora.cloud_recording;

import capstan.client.Capstan;
import capstan.client.RecordOptions;
import java.util.Objects;
import java.util.function.Function;

/**
 * The recorder of 2019 over today's client, for code that still has it.
 *
 * <p>Where the server is and the app's key are new: the environment says them in
 * {@code CAPSTAN_URL}, {@code CAPSTAN_KEY} and {@code CAPSTAN_SECRET}, or give
 * {@link #createCloudRecorderInstance(ICloudRecordingEventHandler, Function)} a client for each
 * app. Calls return at once; the handler is told of the rest by one thread of the recorder.
 */
public final class CloudRecorder {
    private static final long MOST_PATIENCE_MS = 30_000;

    private final ICloudRecordingEventHandler handler;
    private final Function<String, Capstan> clients;
    private Worker worker;
    private Thread thread;
    private boolean released;

    private CloudRecorder(ICloudRecordingEventHandler handler, Function<String, Capstan> clients) {
        this.handler = Objects.requireNonNull(handler, "handler");
        this.clients = Objects.requireNonNull(clients, "clients");
    }

    /** A recorder whose server and key the environment names. */
    public static CloudRecorder createCloudRecorderInstance(ICloudRecordingEventHandler handler) {
        return createCloudRecorderInstance(handler, app -> Capstan.builder()
                .baseUrl(variable("CAPSTAN_URL"))
                .app(app)
                .key(variable("CAPSTAN_KEY"), variable("CAPSTAN_SECRET"))
                .build());
    }

    /** A recorder with a client for each app id. */
    public static CloudRecorder createCloudRecorderInstance(
            ICloudRecordingEventHandler handler, Function<String, Capstan> clients) {
        return new CloudRecorder(handler, clients);
    }

    /** The recording's id; empty until it has started. */
    public synchronized String getRecordingId() {
        return worker == null ? "" : worker.id();
    }

    /** Begins to record; once for each recorder. The token isn't looked at. */
    public synchronized RecordingErrorCode startCloudRecording(
            String appId, String channelName, String token, int uid, RecordingConfig config,
            CloudStorageConfig storageConfig) {
        if (worker != null || released) {
            return RecordingErrorCode.RecordingErrorInvalidOperation;
        }
        try {
            // Uids of 2019 are unsigned numbers of 32 bits.
            RecordOptions options = RecordOptions.standard()
                    .withUid(Translation.uid(uid))
                    .withStart(Translation.start(token, config, storageConfig));
            worker = new Worker(
                    clients.apply(appId), Translation.room(channelName), options, handler);
        } catch (RuntimeException e) {
            return RecordingErrorCode.RecordingErrorInvalidParameter;
        }
        thread = new Thread(worker, "cloud-recorder");
        thread.setDaemon(true);
        thread.start();
        return RecordingErrorCode.RecordingErrorOk;
    }

    /** Ends the recording. */
    public synchronized RecordingErrorCode stopCloudRecording() {
        if (worker == null || released || !worker.stop()) {
            return RecordingErrorCode.RecordingErrorInvalidOperation;
        }
        return RecordingErrorCode.RecordingErrorOk;
    }

    /**
     * Lets go of the recorder: nothing is told any more. The recording goes on, or is ended if
     * {@code cancelCloudRecording}; what was recorded is uploaded in any case.
     */
    public RecordingErrorCode release(boolean cancelCloudRecording) {
        Thread working;
        synchronized (this) {
            if (released) {
                return RecordingErrorCode.RecordingErrorInvalidOperation;
            }
            released = true;
            working = thread;
            if (worker != null) {
                worker.release(cancelCloudRecording);
            }
        }
        // The end is asked for before this returns, unless the handler itself calls.
        if (working != null && working != Thread.currentThread()) {
            try {
                working.join(MOST_PATIENCE_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return RecordingErrorCode.RecordingErrorOk;
    }

    private static String variable(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalStateException("the environment has no " + name);
        }
        return value;
    }
}
