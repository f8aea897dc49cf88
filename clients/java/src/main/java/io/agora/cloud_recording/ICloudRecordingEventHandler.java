package io.agora.cloud_recording;

/** Is told what happens to a recording, by one thread. */
public interface ICloudRecordingEventHandler {
    /** The server is asked to record. There is no id yet: it is empty. */
    default void onRecordingConnecting(String recordingId) {}

    /** It records. */
    default void onRecordingStarted(String recordingId) {}

    /** Nothing is recorded any more; uploads go on. */
    default void onRecordingStopped(String recordingId) {}

    /** Every file is in the bucket. */
    default void onRecordingUploaded(String recordingId, String fileName) {}

    /** Every file has left, at least one of them only to the backup store. */
    default void onRecordingBackedUp(String recordingId, String fileName) {}

    /** How much is uploaded, in percent. */
    default void onRecordingUploadingProgress(
            String recordingId, int progress, String recordingPlaylistFilename) {}

    /** The recorder has a problem. */
    default void onRecorderFailure(String recordingId, RecordingErrorCode code, String message) {}

    /** The uploader has a problem. */
    default void onUploaderFailure(String recordingId, RecordingErrorCode code, String message) {}

    /** It didn't begin, or it ended as it should not have. */
    default void onRecordingFatalError(String recordingId, RecordingErrorCode code) {}
}
