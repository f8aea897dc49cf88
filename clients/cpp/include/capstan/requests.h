/// @file
/// What the API is asked for. A field that is left out has the server's default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capstan/layout.h"

namespace capstan {

/// Size, rate, encoders and layout of the mixed picture.
struct TranscodingConfig {
  /// Pixels, even; with the height at most 1920x1080 in all. 360 unless given.
  std::optional<std::int64_t> width;
  /// Pixels, even. 640 unless given.
  std::optional<std::int64_t> height;
  /// Pictures a second, 1 to 60; 15 unless given.
  std::optional<std::int64_t> fps;
  /// Kilobits a second, up to 6500; 500 unless given.
  std::optional<std::int64_t> bitrate;
  /// Capstan's own: the video encoder.
  std::optional<VideoCodec> video_codec;
  /// Capstan's own: the audio encoder.
  std::optional<AudioCodec> audio_codec;
  /// How participants are arranged; float unless given.
  std::optional<MixedVideoLayout> mixed_video_layout;
  /// Whose picture is the big one of the vertical layout.
  std::optional<std::string> max_resolution_uid;
  /// # and six hex digits; black unless given.
  std::optional<std::string> background_color;
  /// A picture behind everything: a URL or the name of one of the server's images.
  std::optional<std::string> background_image;
  /// A picture for whoever sends none.
  std::optional<std::string> default_user_background_image;
  /// Pictures of single participants.
  std::vector<BackgroundConfig> background_config;
  /// Capstan's own: another layout plugin, or options for one.
  std::optional<LayoutPlugin> layout;
  /// The regions of the custom layout, at most 17.
  std::vector<LayoutRegion> layout_config;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Whose streams are recorded, and how they are coded.
struct RecordingConfig {
  /// Checked and ignored.
  std::optional<ChannelType> channel_type;
  /// Sound, pictures or both; both unless given.
  std::optional<StreamTypes> stream_types;
  /// Individual mode: how sound is kept.
  std::optional<StreamMode> stream_mode;
  /// 0: none. Others are refused by Capstan.
  std::optional<std::int64_t> decryption_mode;
  /// Ignored without decryptionMode.
  std::optional<std::string> secret;
  /// Ignored without decryptionMode.
  std::optional<std::string> salt;
  /// Checked and ignored.
  std::optional<std::string> private_params;
  /// Seconds without anybody sending after which the recording ends, from 5; 30 unless given.
  std::optional<std::int64_t> max_idle_time;
  /// Which layer of those who send several.
  std::optional<VideoStreamType> video_stream_type;
  /// How many are expected; 4 admits 32 participants and 5 admits 49.
  std::optional<std::int64_t> subscribe_uid_group;
  /// Whose sound; `#allstream#` alone is everybody.
  std::vector<std::string> subscribe_audio_uids;
  /// Whose sound not.
  std::vector<std::string> unsubscribe_audio_uids;
  /// Whose pictures; `#allstream#` alone is everybody.
  std::vector<std::string> subscribe_video_uids;
  /// Whose pictures not.
  std::vector<std::string> unsubscribe_video_uids;
  /// Mix mode: how the sound is coded.
  std::optional<AudioProfile> audio_profile;
  /// Mix mode: the picture.
  std::optional<TranscodingConfig> transcoding_config;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Which files are made.
struct RecordingFileConfig {
  /// HLS, and in mode mix MP4 beside it.
  std::vector<AvFileType> av_file_type;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Screenshots of every participant.
struct SnapshotConfig {
  /// Seconds from one of a participant to the next, up to 3600; 10 unless given.
  std::optional<std::int64_t> capture_interval;
  /// JPEG; it must be given.
  std::vector<SnapshotFileType> file_type;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// More for the storage vendor.
struct ExtensionParams {
  /// Encryption at rest.
  std::optional<ServerSideEncryption> sse;
  /// A tag of every object.
  std::optional<std::string> tag;
  /// The store's address, for vendor 11.
  std::optional<std::string> endpoint;
  /// Checked and ignored.
  std::optional<bool> enable_ntp_timestamp;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Where files go, with keys. Its keys are hidden when it is shown as text.
struct StorageConfig {
  /// The vendor's number, or its name in the server's table.
  std::optional<NumberOrName> vendor;
  /// The vendor's region, by number or name.
  std::optional<NumberOrName> region;
  /// The bucket's name.
  std::optional<std::string> bucket;
  /// The access key.
  std::optional<std::string> access_key;
  /// The secret key.
  std::optional<std::string> secret_key;
  /// A token of temporary credentials, for the vendors 1, 2 and 3.
  std::optional<std::string> sts_token;
  /// The Unix second at which stsToken expires, at least 4 hours ahead.
  std::optional<std::int64_t> sts_expiration;
  /// Folders in the bucket; each of letters and digits, 128 characters in all.
  std::vector<std::string> file_name_prefix;
  /// More for the vendor.
  std::optional<ExtensionParams> extension_params;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Checked and ignored by Capstan.
struct AppsCollection {
  /// `default`.
  std::optional<std::string> combination_policy;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// `clientRequest` of `start`: whose streams, what is made of them, where it goes.
struct StartRequest {
  /// Ignored by Capstan: publishers are admitted by WHIP's token.
  std::optional<std::string> token;
  /// Whose streams, and how they are coded.
  std::optional<RecordingConfig> recording_config;
  /// Which files are made.
  std::optional<RecordingFileConfig> recording_file_config;
  /// Individual mode: screenshots; alone without recordingFileConfig.
  std::optional<SnapshotConfig> snapshot_config;
  /// Where files go; without it to the app's own storage.
  std::optional<StorageConfig> storage_config;
  /// Checked and ignored.
  std::optional<AppsCollection> apps_collection;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// `clientRequest` of `acquire`.
struct AcquireRequest {
  /// Hours after the start for which the recording can be controlled, 1 to 720; 72 unless given.
  std::optional<std::int64_t> resource_expired_hour;
  /// 0: rooms. Other scenes are refused by Capstan.
  std::optional<std::int64_t> scene;
  /// Checked and ignored.
  std::optional<Region> region;
  /// Checked and ignored.
  std::optional<std::int64_t> region_affinity;
  /// Checked and ignored.
  std::vector<std::string> exclude_resource_ids;
  /// What `start` will bring; another is refused then.
  std::optional<StartRequest> start_parameter;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Whose sound: one of the two lists.
struct AudioUidList {
  /// Whose; `#allstream#` alone is everybody.
  std::vector<std::string> subscribe_audio_uids;
  /// Whose not.
  std::vector<std::string> unsubscribe_audio_uids;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Whose pictures: one of the two lists.
struct VideoUidList {
  /// Whose; `#allstream#` alone is everybody.
  std::vector<std::string> subscribe_video_uids;
  /// Whose not.
  std::vector<std::string> unsubscribe_video_uids;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Whose streams from now on.
struct StreamSubscribe {
  /// Whose sound.
  std::optional<AudioUidList> audio_uid_list;
  /// Whose pictures.
  std::optional<VideoUidList> video_uid_list;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// `clientRequest` of `update`: other subscriptions, or fresh storage keys.
struct UpdateRequest {
  /// Other lists, which replace those there are.
  std::optional<StreamSubscribe> stream_subscribe;
  /// Fresh keys.
  std::optional<StorageConfig> storage_config;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// `clientRequest` of `stop`.
struct StopRequest {
  /// Whether the answer comes at once instead of when everything is uploaded.
  std::optional<bool> async_stop;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Which recordings are asked for.
struct ListRequest {
  /// Only of this app.
  std::optional<std::string> app;
  /// Only of this room.
  std::optional<std::string> room;
  /// Only in this state.
  std::optional<RecordingState> state;
  /// Only those that began at this time or later, in Unix milliseconds.
  std::optional<std::int64_t> since;
  /// The most entries of a page, 1 to 1000.
  std::optional<std::int64_t> limit;
  /// `next` of the page before.
  std::optional<std::string> after;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Which events are asked for.
struct EventsRequest {
  /// Only events with a larger sequence number than this.
  std::optional<std::int64_t> after;
  /// The most entries of a page, 1 to 1000.
  std::optional<std::int64_t> limit;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

}  // namespace capstan
