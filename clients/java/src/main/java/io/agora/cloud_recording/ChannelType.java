package io.agora.cloud_recording;

/** The kind of a channel; it means nothing here. */
public enum ChannelType {
    /** 0 in the API. */
    ChannelTypeCommunication,
    /** 1 in the API. */
    ChannelTypeLive
}
