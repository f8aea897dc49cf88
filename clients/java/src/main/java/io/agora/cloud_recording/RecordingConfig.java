package io.agora.cloud_recording;

/** Whose streams are recorded, and how they are coded. */
public class RecordingConfig {
    /** Sound, pictures or both. */
    public RecordingStreamType recordingStreamType = RecordingStreamType.StreamTypeAudioVideo;

    /** Anything but none is refused. */
    public DecryptionMode decryptionMode = DecryptionMode.DecryptionModeNone;

    /** The key of an encrypted channel. */
    public String secret;

    /** It means nothing here. */
    public ChannelType channelType = ChannelType.ChannelTypeCommunication;

    /** How the mixed sound is coded. */
    public AudioProfile audioProfile = AudioProfile.AudioProfileMusicStandard;

    /** Which layer of those who send several. */
    public VideoStreamType videoStreamType = VideoStreamType.VideoStreamTypeHigh;

    /** Seconds without anybody sending after which the recording ends. */
    public int maxIdleTime = 30;

    /** The mixed picture. */
    public TranscodingConfig transcodingConfig = new TranscodingConfig();

    /** Sets the picture's width. */
    public void setTranscodingWidth(int width) {
        transcodingConfig.width = width;
    }

    /** Sets the picture's height. */
    public void setTranscodingHeight(int height) {
        transcodingConfig.height = height;
    }

    /** Sets the pictures a second. */
    public void setTranscodingFps(int fps) {
        transcodingConfig.fps = fps;
    }

    /** Sets the kilobits a second; the name is misspelt as it was. */
    public void setTrancodingBitrate(int bitrate) {
        transcodingConfig.bitrate = bitrate;
    }

    /** Sets the layout, and whose picture is its big one. */
    public void setTranscodingMixedVideoLayout(MixedVideoLayoutType layout, int maxResolutionUid) {
        transcodingConfig.layout = layout;
        transcodingConfig.maxResolutionUid = maxResolutionUid;
    }
}
