package io.agora.cloud_recording;

/** The error numbers of 2019. */
public enum RecordingErrorCode {
    /** No error. */
    RecordingErrorOk(0),
    /** The server can't be reached, or doesn't let this key in. */
    RecordingErrorConnectError(430),
    /** The server answers no more. */
    RecordingErrorDisconnected(431),
    /** A parameter is wrong. */
    RecordingErrorInvalidParameter(432),
    /** It doesn't fit the state. */
    RecordingErrorInvalidOperation(433),
    /** Nobody was in the room. */
    RecordingErrorNoUsers(434),
    /** Nobody sent anything. */
    RecordingErrorNoRecordedData(435),
    /** The recorder couldn't begin. */
    RecordingErrorRecorderInit(436),
    /** The recorder failed. */
    RecordingErrorRecorderFailed(437),
    /** The uploader couldn't begin. */
    RecordingErrorUploaderInit(438),
    /** Files could not be uploaded. */
    RecordingErrorUploaderFailed(439),
    /** Files could not be backed up. */
    RecordingErrorBackupFailed(440),
    /** The recording ended as it should not have. */
    RecordingErrorRecorderExpireExit(441),
    /** Something else. */
    RecordingErrorGeneralError(442);

    private final int number;

    RecordingErrorCode(int number) {
        this.number = number;
    }

    /** The number. */
    public int number() {
        return number;
    }
}
