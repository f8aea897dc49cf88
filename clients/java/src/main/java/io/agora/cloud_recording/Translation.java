package io.agora.cloud_recording;

import capstan.client.model.ChannelType;
import capstan.client.model.MixedVideoLayout;
import capstan.client.model.StartRequest;
import capstan.client.model.StorageConfig;
import capstan.client.model.StreamTypes;

/** The settings of 2019 as today's. */
final class Translation {
    private Translation() {}

    static String room(String name) {
        if (name == null || name.isEmpty()) {
            throw new IllegalArgumentException("a channel has a name");
        }
        return name;
    }

    static long uid(int uid) {
        if (uid == 0) {
            throw new IllegalArgumentException("uid 0 is nobody");
        }
        return Integer.toUnsignedLong(uid);
    }

    static StartRequest start(String token, RecordingConfig config, CloudStorageConfig storage) {
        StartRequest.Builder start = StartRequest.builder()
                .recordingConfig(recording(config == null ? new RecordingConfig() : config));
        if (token != null) {
            start.token(token);
        }
        if (storage != null && storage.bucket != null) {
            start.storageConfig(storage(storage));
        }
        return start.build();
    }

    private static capstan.client.model.RecordingConfig recording(RecordingConfig config) {
        capstan.client.model.RecordingConfig.Builder recording =
                capstan.client.model.RecordingConfig.builder()
                        .streamTypes(StreamTypes.of(config.recordingStreamType.ordinal()))
                        .decryptionMode(config.decryptionMode.ordinal())
                        .channelType(ChannelType.of(config.channelType.ordinal()))
                        .audioProfile(capstan.client.model.AudioProfile.of(
                                config.audioProfile.ordinal()))
                        .videoStreamType(capstan.client.model.VideoStreamType.of(
                                config.videoStreamType.ordinal()))
                        .transcodingConfig(transcoding(config.transcodingConfig));
        // 0 stood for the default.
        recording.maxIdleTime(config.maxIdleTime == 0 ? 30 : config.maxIdleTime);
        if (config.secret != null) {
            recording.secret(config.secret);
        }
        return recording.build();
    }

    private static capstan.client.model.TranscodingConfig transcoding(TranscodingConfig config) {
        capstan.client.model.TranscodingConfig.Builder transcoding =
                capstan.client.model.TranscodingConfig.builder()
                        .width(config.width)
                        .height(config.height)
                        .fps(config.fps)
                        .bitrate(config.bitrate)
                        .mixedVideoLayout(MixedVideoLayout.of(config.layout.ordinal()));
        if (config.maxResolutionUid != 0) {
            transcoding.maxResolutionUid(Integer.toUnsignedString(config.maxResolutionUid));
        }
        return transcoding.build();
    }

    private static StorageConfig storage(CloudStorageConfig storage) {
        StorageConfig.Builder config = StorageConfig.builder()
                .vendor(storage.vendor.ordinal())
                .region(storage.region)
                .bucket(storage.bucket);
        if (storage.accessKey != null) {
            config.accessKey(storage.accessKey);
        }
        if (storage.secretKey != null) {
            config.secretKey(storage.secretKey);
        }
        return config.build();
    }
}
