package io.agora.cloud_recording;

/** How participants are arranged. */
public enum MixedVideoLayoutType {
    /** 0 in the API. */
    MixedVideoLayoutTypeFloat,
    /** 1 in the API. */
    MixedVideoLayoutTypeBestFit,
    /** 2 in the API. */
    MixedVideoLayoutTypeVertical
}
