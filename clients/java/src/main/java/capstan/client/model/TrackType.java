package capstan.client.model;

import java.util.List;

/** What a file or a stream carries. A value that this version does not know is kept as it is. */
public final class TrackType extends Choice {
    /** Sound. */
    public static final TrackType AUDIO = new TrackType("audio");
    /** Pictures. */
    public static final TrackType VIDEO = new TrackType("video");
    /** Both. */
    public static final TrackType AUDIO_AND_VIDEO = new TrackType("audio_and_video");

    private static final List<TrackType> VALUES = List.of(AUDIO, VIDEO, AUDIO_AND_VIDEO);

    private TrackType(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static TrackType of(String value) {
        return new TrackType(value);
    }

    /** All that this version knows. */
    public static List<TrackType> values() {
        return VALUES;
    }
}
