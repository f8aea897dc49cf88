package capstan.client.model;

import java.util.List;

/**
 * Capstan's own: the mixed picture's encoder. A value that this version does not know is kept as
 * it is.
 */
public final class VideoCodec extends Choice {
    /** H.264. */
    public static final VideoCodec H264 = new VideoCodec("h264");
    /** AV1. */
    public static final VideoCodec AV1 = new VideoCodec("av1");

    private static final List<VideoCodec> VALUES = List.of(H264, AV1);

    private VideoCodec(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static VideoCodec of(String value) {
        return new VideoCodec(value);
    }

    /** All that this version knows. */
    public static List<VideoCodec> values() {
        return VALUES;
    }
}
