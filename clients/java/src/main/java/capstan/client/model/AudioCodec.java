package capstan.client.model;

import java.util.List;

/**
 * Capstan's own: the mixed sound's encoder. A value that this version does not know is kept as it
 * is.
 */
public final class AudioCodec extends Choice {
    /** AAC-LC. */
    public static final AudioCodec AAC = new AudioCodec("aac");
    /** Opus. */
    public static final AudioCodec OPUS = new AudioCodec("opus");

    private static final List<AudioCodec> VALUES = List.of(AAC, OPUS);

    private AudioCodec(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static AudioCodec of(String value) {
        return new AudioCodec(value);
    }

    /** All that this version knows. */
    public static List<AudioCodec> values() {
        return VALUES;
    }
}
