/// @file
/// The recorder of 2019 over today's client, for code that still has it.
///
/// Where the server is and the app's key are new: the environment says them in `CAPSTAN_URL`,
/// `CAPSTAN_KEY` and `CAPSTAN_SECRET`, or `SetCapstanServer` does. It needs a Capstan server, since
/// it follows recordings by their events.
#ifndef CAPSTAN_I_AGORA_CLOUD_RECORDING_H
#define CAPSTAN_I_AGORA_CLOUD_RECORDING_H

namespace agora {
namespace cloud_recording {

/// A recording's id; empty until it has started.
typedef const char* RecordingId;
typedef unsigned int uid_t;

/// How the mixed sound is coded.
enum AudioProfile {
  kAudioProfileMusicStandard,
  kAudioProfileMusicHighQuality,
  kAudioProfileMusicHighQualityStereo
};

/// Which layer of those who send several.
enum VideoStreamType { kVideoStreamTypeHigh, kVideoStreamTypeLow };

/// Which streams are recorded.
enum RecordingStreamType { kStreamTypeAudioOnly, kStreamTypeVideoOnly, kStreamTypeAudioVideo };

/// How participants are arranged.
enum MixedVideoLayoutType {
  kMixedVideoLayoutTypeFloat,
  kMixedVideoLayoutTypeBestFit,
  kMixedVideolayoutTypeVertical
};

struct MixedVideoLayout {
  MixedVideoLayoutType layout;
  uid_t max_resolution_uid;
};

/// The kind of a channel; it means nothing here.
enum ChannelType { kChannelTypeCommunication, kChannelTypeLive };

/// The storage's vendor, by its number in the API.
enum CloudStorageVendor {
  kCloudStorageVendorQiniu,
  kCloudStorageVendorAws,
  kCloudStorageVendorAliyun
};

/// Where files go; without a bucket to the app's own storage.
struct CloudStorageConfig {
  CloudStorageVendor vendor;
  unsigned int region;
  char* bucket;
  char* access_key;
  char* secret_key;
};

/// How the channel is encrypted; all but none are refused.
enum DecryptionMode { kModeNone, kModeAes128Xts, kModeAes128Ecb, kModeAes256Xts };

/// Size, rate and layout of the mixed picture.
struct TranscodingConfig {
  /// Pixels.
  unsigned int width = 360;
  /// Pixels.
  unsigned int height = 640;
  /// Pictures a second.
  unsigned int fps = 15;
  /// Kilobits a second.
  unsigned int bitrate = 500;
  /// Whose picture is the big one of the vertical layout; 0 for nobody's.
  uid_t max_resolution_uid = 0;
  MixedVideoLayoutType layout = kMixedVideoLayoutTypeFloat;
};

/// Whose streams are recorded, and how they are coded.
struct RecordingConfig {
  RecordingStreamType recording_stream_types = kStreamTypeAudioVideo;
  DecryptionMode decryption_mode = kModeNone;
  char* secret = nullptr;
  ChannelType channel_type = kChannelTypeCommunication;
  AudioProfile audio_profile = kAudioProfileMusicStandard;
  VideoStreamType video_stream_type = kVideoStreamTypeHigh;
  /// Seconds without anybody sending after which the recording ends; 0 stands for 30.
  unsigned int max_idle_time = 30;
  TranscodingConfig transcoding_config;

  void SetTranscodingWidth(unsigned int width) { transcoding_config.width = width; }
  void SetTranscodingHeight(unsigned int height) { transcoding_config.height = height; }
  void SetTranscodingFPS(unsigned int fps) { transcoding_config.fps = fps; }
  void SetTranscodingBitrate(unsigned int bitrate) { transcoding_config.bitrate = bitrate; }
  void SetTranscodingMixedVideoLayout(MixedVideoLayoutType type, uid_t max_resolution_uid) {
    transcoding_config.layout = type;
    transcoding_config.max_resolution_uid = max_resolution_uid;
  }
};

/// The error numbers of 2019.
enum RecordingErrorCode {
  kRecordingErrorOk = 0,
  /// The server can't be reached, or doesn't let this key in.
  kRecordingErrorConnectError = 430,
  /// The server answers no more.
  kRecordingErrorDisconnected,
  kRecordingErrorInvalidParameter,
  /// It doesn't fit the state.
  kRecordingErrorInvalidOperation,
  kRecordingErrorNoUsers,
  /// Nobody sent anything.
  kRecordingErrorNoRecordedData,
  kRecordingErrorRecorderInit,
  kRecordingErrorRecorderFailed,
  kRecordingErrorUploaderInit,
  kRecordingErrorUploaderFailed,
  kRecordingErrorBackupFailed,
  /// The recording ended as it should not have.
  kRecordingErrorRecorderExit,
  kRecordingErrorGeneralError
};

/// Is told what happens to a recording, by one thread of its recorder. Texts hold during the call.
class ICloudRecorderObserver {
 public:
  virtual ~ICloudRecorderObserver() {}

  /// The server is asked to record. There is no id yet: it is empty.
  virtual void OnRecordingConnecting(RecordingId recording_id) = 0;
  /// It records.
  virtual void OnRecordingStarted(RecordingId recording_id) = 0;
  /// Nothing is recorded any more; uploads go on.
  virtual void OnRecordingStopped(RecordingId recording_id) = 0;
  /// Every file is in the bucket.
  virtual void OnRecordingUploaded(RecordingId recording_id, const char* file_name) = 0;
  /// Every file has left, at least one of them only to the backup store.
  virtual void OnRecordingBackedUp(RecordingId recording_id, const char* file_name) = 0;
  /// How much is uploaded, in percent.
  virtual void OnRecordingUploadingProgress(RecordingId recording_id, unsigned int progress,
                                            const char* recording_playlist_filename) = 0;
  /// The recorder has a problem.
  virtual void OnRecorderFailure(RecordingId recording_id, RecordingErrorCode code,
                                 const char* msg) = 0;
  /// The uploader has a problem.
  virtual void OnUploaderFailure(RecordingId recording_id, RecordingErrorCode code,
                                 const char* msg) = 0;
  /// It didn't begin, or it ended as it should not have.
  virtual void OnRecordingFatalError(RecordingId recording_id, RecordingErrorCode code) = 0;
};

/// An observer that does nothing unless told otherwise.
class CloudRecorderObserver : public ICloudRecorderObserver {
 public:
  void OnRecordingConnecting(RecordingId) override {}
  void OnRecordingStarted(RecordingId) override {}
  void OnRecordingStopped(RecordingId) override {}
  void OnRecordingUploaded(RecordingId, const char*) override {}
  void OnRecordingBackedUp(RecordingId, const char*) override {}
  void OnRecordingUploadingProgress(RecordingId, unsigned int, const char*) override {}
  void OnRecorderFailure(RecordingId, RecordingErrorCode, const char*) override {}
  void OnUploaderFailure(RecordingId, RecordingErrorCode, const char*) override {}
  void OnRecordingFatalError(RecordingId, RecordingErrorCode) override {}
};

/// One recording.
class ICloudRecorder {
 public:
  /// Its id, which holds until `Release`; empty until it has started.
  virtual RecordingId GetRecordingId() = 0;

  /// Begins to record; once for each recorder. Returns a `RecordingErrorCode` at once, the observer
  /// is told of the rest. The token isn't looked at.
  virtual int StartCloudRecording(const char* appId, const char* channel_name, const char* token,
                                  const uid_t uid, const RecordingConfig& recording_config,
                                  const CloudStorageConfig& storage_config) = 0;

  /// Ends the recording. Returns a `RecordingErrorCode` at once.
  virtual int StopCloudRecording() = 0;

  /// Lets go of the recorder, which is gone then: nothing is told any more. The recording goes on,
  /// or is ended if `cancel`; what was recorded is uploaded in any case.
  virtual void Release(bool cancel = false) = 0;

 protected:
  virtual ~ICloudRecorder() {}
};

/// A recorder that tells this observer, which must outlive it.
ICloudRecorder* CreateCloudRecorderInstance(ICloudRecorderObserver* observer);

/// Where recorders that are created from now on find the server, instead of the environment's
/// variables.
void SetCapstanServer(const char* base_url, const char* key, const char* secret);

}  // namespace cloud_recording
}  // namespace agora

#endif  // CAPSTAN_I_AGORA_CLOUD_RECORDING_H
