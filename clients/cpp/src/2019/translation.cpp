#include "translation.h"

namespace agora::cloud_recording {
namespace {

constexpr unsigned int kDefaultIdleTime = 30;

capstan::TranscodingConfig Transcoding(const TranscodingConfig& config) {
  capstan::TranscodingConfig transcoding;
  transcoding.width = config.width;
  transcoding.height = config.height;
  transcoding.fps = config.fps;
  transcoding.bitrate = config.bitrate;
  transcoding.mixed_video_layout = capstan::MixedVideoLayout(config.layout);
  if (config.max_resolution_uid != 0) {
    transcoding.max_resolution_uid = std::to_string(config.max_resolution_uid);
  }
  return transcoding;
}

capstan::RecordingConfig Recording(const RecordingConfig& config) {
  capstan::RecordingConfig recording;
  recording.stream_types = capstan::StreamTypes(config.recording_stream_types);
  recording.decryption_mode = config.decryption_mode;
  recording.channel_type = capstan::ChannelType(config.channel_type);
  recording.audio_profile = capstan::AudioProfile(config.audio_profile);
  recording.video_stream_type = capstan::VideoStreamType(config.video_stream_type);
  recording.max_idle_time = config.max_idle_time == 0 ? kDefaultIdleTime : config.max_idle_time;
  recording.transcoding_config = Transcoding(config.transcoding_config);
  if (config.secret != nullptr) recording.secret = config.secret;
  return recording;
}

capstan::StorageConfig Storage(const CloudStorageConfig& config) {
  capstan::StorageConfig storage;
  storage.vendor = static_cast<std::int64_t>(config.vendor);
  storage.region = static_cast<std::int64_t>(config.region);
  storage.bucket = config.bucket;
  if (config.access_key != nullptr) storage.access_key = config.access_key;
  if (config.secret_key != nullptr) storage.secret_key = config.secret_key;
  return storage;
}

}  // namespace

capstan::RecordOptions Translate(const char* token, uid_t uid, const RecordingConfig& config,
                                 const CloudStorageConfig& storage) {
  capstan::RecordOptions options;
  options.uid = uid;
  options.start.recording_config = Recording(config);
  if (token != nullptr) options.start.token = token;
  if (storage.bucket != nullptr) options.start.storage_config = Storage(storage);
  return options;
}

RecordingErrorCode CodeOf(const capstan::Error& error) {
  using capstan::ErrorKind;
  switch (error.kind) {
    case ErrorKind::kConnect:
    case ErrorKind::kUnauthorized: return kRecordingErrorConnectError;
    case ErrorKind::kTimeout:
    case ErrorKind::kBroken:
    case ErrorKind::kTls: return kRecordingErrorDisconnected;
    case ErrorKind::kInvalidRequest:
    case ErrorKind::kMisuse: return kRecordingErrorInvalidParameter;
    case ErrorKind::kConflict:
    case ErrorKind::kBadResource: return kRecordingErrorInvalidOperation;
    case ErrorKind::kNothingRecorded: return kRecordingErrorNoRecordedData;
    case ErrorKind::kServerError: return kRecordingErrorRecorderInit;
    default: return kRecordingErrorGeneralError;
  }
}

}  // namespace agora::cloud_recording
