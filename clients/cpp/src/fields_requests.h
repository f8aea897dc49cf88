/// @file
/// The fields of requests by their names in JSON, from which they are read, written and described.
#pragma once

#include "capstan/requests.h"
#include "fields.h"

namespace capstan::internal {

template <>
struct Fields<LayoutRegion> {
  static constexpr const char* kName = "LayoutRegion";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("uid", object.uid);
    visit("x_axis", object.x_axis);
    visit("y_axis", object.y_axis);
    visit("width", object.width);
    visit("height", object.height);
    visit("alpha", object.alpha);
    visit("render_mode", object.render_mode);
  }
};

template <>
struct Fields<BackgroundConfig> {
  static constexpr const char* kName = "BackgroundConfig";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("uid", object.uid);
    visit("image_url", object.image_url);
    visit("render_mode", object.render_mode);
  }
};

template <>
struct Fields<LayoutPlugin> {
  static constexpr const char* kName = "LayoutPlugin";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("name", object.name);
    visit("options", object.options);
  }
};

template <>
struct Fields<LayoutRequest> {
  static constexpr const char* kName = "LayoutRequest";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("mixedVideoLayout", object.mixed_video_layout);
    visit("maxResolutionUid", object.max_resolution_uid);
    visit("backgroundColor", object.background_color);
    visit("backgroundImage", object.background_image);
    visit("defaultUserBackgroundImage", object.default_user_background_image);
    visit("backgroundConfig", object.background_config);
    visit("layout", object.layout);
    visit("layoutConfig", object.layout_config);
  }
};

template <>
struct Fields<TranscodingConfig> {
  static constexpr const char* kName = "TranscodingConfig";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("width", object.width);
    visit("height", object.height);
    visit("fps", object.fps);
    visit("bitrate", object.bitrate);
    visit("videoCodec", object.video_codec);
    visit("audioCodec", object.audio_codec);
    visit("mixedVideoLayout", object.mixed_video_layout);
    visit("maxResolutionUid", object.max_resolution_uid);
    visit("backgroundColor", object.background_color);
    visit("backgroundImage", object.background_image);
    visit("defaultUserBackgroundImage", object.default_user_background_image);
    visit("backgroundConfig", object.background_config);
    visit("layout", object.layout);
    visit("layoutConfig", object.layout_config);
  }
};

template <>
struct Fields<RecordingConfig> {
  static constexpr const char* kName = "RecordingConfig";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("channelType", object.channel_type);
    visit("streamTypes", object.stream_types);
    visit("streamMode", object.stream_mode);
    visit("decryptionMode", object.decryption_mode);
    visit("secret", object.secret);
    visit("salt", object.salt);
    visit("privateParams", object.private_params);
    visit("maxIdleTime", object.max_idle_time);
    visit("videoStreamType", object.video_stream_type);
    visit("subscribeUidGroup", object.subscribe_uid_group);
    visit("subscribeAudioUids", object.subscribe_audio_uids);
    visit("unSubscribeAudioUids", object.unsubscribe_audio_uids);
    visit("subscribeVideoUids", object.subscribe_video_uids);
    visit("unSubscribeVideoUids", object.unsubscribe_video_uids);
    visit("audioProfile", object.audio_profile);
    visit("transcodingConfig", object.transcoding_config);
  }
};

template <>
struct Fields<RecordingFileConfig> {
  static constexpr const char* kName = "RecordingFileConfig";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("avFileType", object.av_file_type);
  }
};

template <>
struct Fields<SnapshotConfig> {
  static constexpr const char* kName = "SnapshotConfig";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("captureInterval", object.capture_interval);
    visit("fileType", object.file_type);
  }
};

template <>
struct Fields<ExtensionParams> {
  static constexpr const char* kName = "ExtensionParams";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("sse", object.sse);
    visit("tag", object.tag);
    visit("endpoint", object.endpoint);
    visit("enableNTPtimestamp", object.enable_ntp_timestamp);
  }
};

template <>
struct Fields<StorageConfig> {
  static constexpr const char* kName = "StorageConfig";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("vendor", object.vendor);
    visit("region", object.region);
    visit("bucket", object.bucket);
    visit("accessKey", object.access_key);
    visit("secretKey", object.secret_key);
    visit("stsToken", object.sts_token);
    visit("stsExpiration", object.sts_expiration);
    visit("fileNamePrefix", object.file_name_prefix);
    visit("extensionParams", object.extension_params);
  }
};

template <>
struct Fields<AppsCollection> {
  static constexpr const char* kName = "AppsCollection";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("combinationPolicy", object.combination_policy);
  }
};

template <>
struct Fields<StartRequest> {
  static constexpr const char* kName = "StartRequest";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("token", object.token);
    visit("recordingConfig", object.recording_config);
    visit("recordingFileConfig", object.recording_file_config);
    visit("snapshotConfig", object.snapshot_config);
    visit("storageConfig", object.storage_config);
    visit("appsCollection", object.apps_collection);
  }
};

template <>
struct Fields<AcquireRequest> {
  static constexpr const char* kName = "AcquireRequest";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("resourceExpiredHour", object.resource_expired_hour);
    visit("scene", object.scene);
    visit("region", object.region);
    visit("regionAffinity", object.region_affinity);
    visit("excludeResourceIds", object.exclude_resource_ids);
    visit("startParameter", object.start_parameter);
  }
};

template <>
struct Fields<AudioUidList> {
  static constexpr const char* kName = "AudioUidList";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("subscribeAudioUids", object.subscribe_audio_uids);
    visit("unSubscribeAudioUids", object.unsubscribe_audio_uids);
  }
};

template <>
struct Fields<VideoUidList> {
  static constexpr const char* kName = "VideoUidList";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("subscribeVideoUids", object.subscribe_video_uids);
    visit("unSubscribeVideoUids", object.unsubscribe_video_uids);
  }
};

template <>
struct Fields<StreamSubscribe> {
  static constexpr const char* kName = "StreamSubscribe";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("audioUidList", object.audio_uid_list);
    visit("videoUidList", object.video_uid_list);
  }
};

template <>
struct Fields<UpdateRequest> {
  static constexpr const char* kName = "UpdateRequest";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("streamSubscribe", object.stream_subscribe);
    visit("storageConfig", object.storage_config);
  }
};

template <>
struct Fields<StopRequest> {
  static constexpr const char* kName = "StopRequest";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("async_stop", object.async_stop);
  }
};

template <>
struct Fields<ListRequest> {
  static constexpr const char* kName = "ListRequest";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("app", object.app);
    visit("room", object.room);
    visit("state", object.state);
    visit("since", object.since);
    visit("limit", object.limit);
    visit("after", object.after);
  }
};

template <>
struct Fields<EventsRequest> {
  static constexpr const char* kName = "EventsRequest";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("after", object.after);
    visit("limit", object.limit);
  }
};

}  // namespace capstan::internal
