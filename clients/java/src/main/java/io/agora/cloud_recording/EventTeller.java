package io.agora.cloud_recording;

import capstan.client.model.EventDetails;
import capstan.client.model.RecordedFile;
import capstan.client.model.ReplayedEvent;
import java.util.List;

/** Tells today's events by the callbacks of 2019. */
final class EventTeller {
    private static final long WHOLE = 10_000;
    private static final long UPLOADER = 1;

    private final String id;
    private final ICloudRecordingEventHandler handler;
    private String playlist = "";
    private boolean delivered;
    private boolean failed;
    private boolean exited;

    EventTeller(String id, ICloudRecordingEventHandler handler) {
        this.id = id;
        this.handler = handler;
    }

    /** Whether the last event was told. */
    boolean exited() {
        return exited;
    }

    /** How it ended. */
    RecordingErrorCode ending() {
        if (failed) {
            return RecordingErrorCode.RecordingErrorRecorderExpireExit;
        }
        return delivered ? RecordingErrorCode.RecordingErrorOk
                : RecordingErrorCode.RecordingErrorNoRecordedData;
    }

    void tell(ReplayedEvent event) {
        EventDetails details = EventDetails.of(event.kind(), event.details());
        if (details instanceof EventDetails.RecorderStarted) {
            handler.onRecordingStarted(id);
        } else if (details instanceof EventDetails.RecorderLeft) {
            handler.onRecordingStopped(id);
        } else if (details instanceof EventDetails.FileInfos) {
            playlist = ((EventDetails.FileInfos) details).fileList().orElse(playlist);
        } else if (details instanceof EventDetails.Progress) {
            long share = ((EventDetails.Progress) details).progress().orElse(0L);
            handler.onRecordingUploadingProgress(id, (int) (share * 100 / WHOLE), playlist);
        } else if (details instanceof EventDetails.Uploaded) {
            delivered = true;
            handler.onRecordingUploaded(id, name(((EventDetails.Uploaded) details).fileList()));
        } else if (details instanceof EventDetails.BackedUp) {
            delivered = true;
            handler.onRecordingBackedUp(id, name(((EventDetails.BackedUp) details).fileList()));
        } else if (details instanceof EventDetails.Failed) {
            failed((EventDetails.Failed) details);
        } else if (details instanceof EventDetails.SessionExited) {
            failed |= ((EventDetails.SessionExited) details).exitStatus().orElse(0L) != 0;
            exited = true;
        }
    }

    private void failed(EventDetails.Failed failure) {
        String words = failure.errorMsg().orElse("");
        if (failure.module().orElse(0L) == UPLOADER) {
            handler.onUploaderFailure(id, RecordingErrorCode.RecordingErrorUploaderFailed, words);
        } else {
            handler.onRecorderFailure(id, RecordingErrorCode.RecordingErrorRecorderFailed, words);
        }
    }

    private String name(List<RecordedFile> files) {
        return files.isEmpty() ? playlist : files.get(0).fileName();
    }
}
