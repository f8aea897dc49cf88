package io.agora.cloud_recording;

/** Which streams are recorded. */
public enum RecordingStreamType {
    /** 0 in the API. */
    StreamTypeAudioOnly,
    /** 1 in the API. */
    StreamTypeVideoOnly,
    /** 2 in the API. */
    StreamTypeAudioVideo
}
