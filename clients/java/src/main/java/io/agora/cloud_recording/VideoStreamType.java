package io.agora.cloud_recording;

/** Which layer of those who send several. */
public enum VideoStreamType {
    /** 0 in the API. */
    VideoStreamTypeHigh,
    /** 1 in the API. */
    VideoStreamTypeLow
}
