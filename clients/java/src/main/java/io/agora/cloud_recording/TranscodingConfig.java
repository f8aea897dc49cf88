package io.agora.cloud_recording;

/** Size, rate and layout of the mixed picture. */
public class TranscodingConfig {
    /** Pixels. */
    public int width = 360;

    /** Pixels. */
    public int height = 640;

    /** Pictures a second. */
    public int fps = 15;

    /** Kilobits a second. */
    public int bitrate = 500;

    /** Whose picture is the big one of the vertical layout; 0 for nobody's. */
    public int maxResolutionUid;

    /** How participants are arranged. */
    public MixedVideoLayoutType layout = MixedVideoLayoutType.MixedVideoLayoutTypeFloat;
}
