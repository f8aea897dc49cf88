package io.agora.cloud_recording;

/** How the mixed sound is coded. */
public enum AudioProfile {
    /** 0 in the API. */
    AudioProfileMusicStandard,
    /** 1 in the API. */
    AudioProfileMusicHighQuality,
    /** 2 in the API. */
    AudioProfileMusicHighQualityStereo
}
