package io.agora.cloud_recording;

import capstan.client.ApiException;
import capstan.client.Capstan;
import capstan.client.CapstanException;
import capstan.client.RecordOptions;
import capstan.client.Recording;
import capstan.client.TransportException;
import capstan.client.model.EventPage;
import capstan.client.model.EventsRequest;
import capstan.client.model.ReplayedEvent;
import capstan.client.model.StopRequest;

/** One recording from beginning to end: starts it, looks for its events, ends it when asked. */
final class Worker implements Runnable {
    private static final long BETWEEN_LOOKS_MS = 500;
    /** Looks that fail in a row until the server counts as gone; each had its retries. */
    private static final int PATIENCE = 3;

    private final Capstan capstan;
    private final String room;
    private final RecordOptions options;
    private final ICloudRecordingEventHandler handler;
    private String id = "";
    private boolean stop;
    private boolean released;
    private boolean over;
    /** The last event that was told; none yet if negative. */
    private long told = -1;

    Worker(
            Capstan capstan, String room, RecordOptions options,
            ICloudRecordingEventHandler handler) {
        this.capstan = capstan;
        this.room = room;
        this.options = options;
        this.handler = handler;
    }

    synchronized String id() {
        return id;
    }

    /** Asks for the end; false if that was asked for before, or it is over. */
    synchronized boolean stop() {
        if (stop || over) {
            return false;
        }
        stop = true;
        notifyAll();
        return true;
    }

    synchronized void release(boolean end) {
        released = true;
        stop |= end;
        notifyAll();
    }

    @Override
    public void run() {
        handler.onRecordingConnecting("");
        Recording recording;
        try {
            recording = capstan.record(room, options);
        } catch (CapstanException e) {
            finish(code(e));
            return;
        }
        synchronized (this) {
            id = recording.sid();
        }
        try {
            finish(follow(recording));
        } catch (InterruptedException e) {
            finish(RecordingErrorCode.RecordingErrorGeneralError);
        }
    }

    /** Tells all events until the last one; answers how it ended. */
    private RecordingErrorCode follow(Recording recording) throws InterruptedException {
        EventTeller teller = new EventTeller(recording.sid(), handler);
        boolean asked = false;
        int failures = 0;
        while (!teller.exited()) {
            if (asks(asked)) {
                asked = true;
                end(recording);
            }
            if (isReleased()) {
                return RecordingErrorCode.RecordingErrorOk;
            }
            try {
                tell(teller);
                failures = 0;
            } catch (CapstanException e) {
                failures++;
                if (failures >= PATIENCE) {
                    return code(e);
                }
            }
            if (!teller.exited()) {
                rest(asked);
            }
        }
        return teller.ending();
    }

    private void tell(EventTeller teller) {
        EventPage page;
        do {
            EventsRequest.Builder request = EventsRequest.builder();
            if (told >= 0) {
                request.after(told);
            }
            page = capstan.eventPage(id(), request.build());
            for (ReplayedEvent event : page.events()) {
                if (isReleased()) {
                    return;
                }
                teller.tell(event);
                told = event.sequence();
            }
        } while (page.more() && !page.events().isEmpty());
    }

    private void end(Recording recording) {
        try {
            recording.stop(StopRequest.builder().asyncStop(true).build());
        } catch (ApiException.Conflict | ApiException.NotFound | ApiException.NothingRecorded e) {
            // It is over already, or about to be: its events tell how it ended.
        } catch (CapstanException e) {
            if (!isReleased()) {
                handler.onRecorderFailure(id(), code(e), e.getMessage());
            }
        }
    }

    private void finish(RecordingErrorCode code) {
        boolean tell;
        synchronized (this) {
            over = true;
            tell = !released && code != RecordingErrorCode.RecordingErrorOk;
        }
        if (tell) {
            handler.onRecordingFatalError(id(), code);
        }
    }

    private synchronized boolean asks(boolean asked) {
        return stop && !asked;
    }

    private synchronized boolean isReleased() {
        return released;
    }

    private synchronized void rest(boolean asked) throws InterruptedException {
        if (!released && !asks(asked)) {
            wait(BETWEEN_LOOKS_MS);
        }
    }

    static RecordingErrorCode code(CapstanException failure) {
        if (failure instanceof TransportException) {
            return ((TransportException) failure).kind() == TransportException.Kind.CONNECT
                    ? RecordingErrorCode.RecordingErrorConnectError
                    : RecordingErrorCode.RecordingErrorDisconnected;
        }
        if (failure instanceof ApiException.Unauthorized) {
            return RecordingErrorCode.RecordingErrorConnectError;
        }
        if (failure instanceof ApiException.InvalidRequest) {
            return RecordingErrorCode.RecordingErrorInvalidParameter;
        }
        if (failure instanceof ApiException.Conflict
                || failure instanceof ApiException.BadResource) {
            return RecordingErrorCode.RecordingErrorInvalidOperation;
        }
        if (failure instanceof ApiException.ServerError) {
            return RecordingErrorCode.RecordingErrorRecorderInit;
        }
        return RecordingErrorCode.RecordingErrorGeneralError;
    }
}
