package capstan.client.model;

import java.util.List;

/** How the mixed sound is coded. A value that this version does not know is kept as it is. */
public final class AudioProfile extends Choice {
    /** Mono, 48 kbit/s. */
    public static final AudioProfile MONO = new AudioProfile(0);
    /** Mono, 128 kbit/s. */
    public static final AudioProfile MONO_HIGH_QUALITY = new AudioProfile(1);
    /** Stereo, 192 kbit/s. */
    public static final AudioProfile STEREO_HIGH_QUALITY = new AudioProfile(2);

    private static final List<AudioProfile> VALUES =
            List.of(MONO, MONO_HIGH_QUALITY, STEREO_HIGH_QUALITY);

    private AudioProfile(int value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static AudioProfile of(int value) {
        return new AudioProfile(value);
    }

    /** All that this version knows. */
    public static List<AudioProfile> values() {
        return VALUES;
    }
}
