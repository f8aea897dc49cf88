package io.agora.cloud_recording;

/** How the channel is encrypted; all but none are refused. */
public enum DecryptionMode {
    /** 0 in the API. */
    DecryptionModeNone,
    /** 1 in the API. */
    DecryptionModeAes128Xts,
    /** 2 in the API. */
    DecryptionModeAes128Ecb,
    /** 3 in the API. */
    DecryptionModeAes256Xts
}
