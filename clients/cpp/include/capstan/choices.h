/// @file
/// Values of which a newer server may have more: two are equal if their values on the wire are, and
/// one that this version doesn't know is kept as it is.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace capstan {

/// One of several texts or numbers.
/// @tparam Self the class that names them
/// @tparam Wire what stands on the wire
template <class Self, class Wire>
class Choice {
 public:
  /// The one with this value on the wire.
  explicit Choice(Wire value) : value_(std::move(value)) {}
  /// What stands on the wire.
  const Wire& value() const { return value_; }

  friend bool operator==(const Self& a, const Self& b) { return a.value() == b.value(); }
  friend bool operator!=(const Self& a, const Self& b) { return !(a == b); }
  friend bool operator<(const Self& a, const Self& b) { return a.value() < b.value(); }

 private:
  Wire value_;
};

/// How a room is recorded.
class Mode : public Choice<Mode, std::string> {
 public:
  using Choice::Choice;
  /// Everybody in one picture and one sound.
  static Mode Mix() { return Mode("mix"); }
  /// Everybody apart, as they sent it.
  static Mode Individual() { return Mode("individual"); }
  /// All that this version knows.
  static std::vector<Mode> Values() { return {Mix(), Individual()}; }
};

/// Where to record. Capstan checks it and has no regions to choose from.
class Region : public Choice<Region, std::string> {
 public:
  using Choice::Choice;
  /// China.
  static Region Cn() { return Region("CN"); }
  /// Asia and the Pacific.
  static Region Ap() { return Region("AP"); }
  /// Europe.
  static Region Eu() { return Region("EU"); }
  /// North America.
  static Region Na() { return Region("NA"); }
  /// All that this version knows.
  static std::vector<Region> Values() { return {Cn(), Ap(), Eu(), Na()}; }
};

/// The kind of a channel. Capstan checks it and ignores it.
class ChannelType : public Choice<ChannelType, int> {
 public:
  using Choice::Choice;
  /// Everybody may talk.
  static ChannelType Communication() { return ChannelType(0); }
  /// Hosts talk, the audience listens.
  static ChannelType Live() { return ChannelType(1); }
  /// All that this version knows.
  static std::vector<ChannelType> Values() { return {Communication(), Live()}; }
};

/// Which streams are recorded.
class StreamTypes : public Choice<StreamTypes, int> {
 public:
  using Choice::Choice;
  /// Sound only.
  static StreamTypes Audio() { return StreamTypes(0); }
  /// Pictures only.
  static StreamTypes Video() { return StreamTypes(1); }
  /// Sound and pictures.
  static StreamTypes Both() { return StreamTypes(2); }
  /// All that this version knows.
  static std::vector<StreamTypes> Values() { return {Audio(), Video(), Both()}; }
};

/// How sound is kept in individual mode.
class StreamMode : public Choice<StreamMode, std::string> {
 public:
  using Choice::Choice;
  /// As the server is configured.
  static StreamMode Default() { return StreamMode("default"); }
  /// The same here.
  static StreamMode Standard() { return StreamMode("standard"); }
  /// As it was sent; with stream type 0 only.
  static StreamMode Original() { return StreamMode("original"); }
  /// All that this version knows.
  static std::vector<StreamMode> Values() { return {Default(), Standard(), Original()}; }
};

/// Which layer of those who send several.
class VideoStreamType : public Choice<VideoStreamType, int> {
 public:
  using Choice::Choice;
  /// The largest.
  static VideoStreamType High() { return VideoStreamType(0); }
  /// The smallest.
  static VideoStreamType Low() { return VideoStreamType(1); }
  /// All that this version knows.
  static std::vector<VideoStreamType> Values() { return {High(), Low()}; }
};

/// How the mixed sound is coded.
class AudioProfile : public Choice<AudioProfile, int> {
 public:
  using Choice::Choice;
  /// Mono, 48 kbit/s.
  static AudioProfile Mono() { return AudioProfile(0); }
  /// Mono, 128 kbit/s.
  static AudioProfile MonoHighQuality() { return AudioProfile(1); }
  /// Stereo, 192 kbit/s.
  static AudioProfile StereoHighQuality() { return AudioProfile(2); }
  /// All that this version knows.
  static std::vector<AudioProfile> Values() {
    return {Mono(), MonoHighQuality(), StereoHighQuality()};
  }
};

/// Capstan's own: the mixed picture's encoder.
class VideoCodec : public Choice<VideoCodec, std::string> {
 public:
  using Choice::Choice;
  /// H.264.
  static VideoCodec H264() { return VideoCodec("h264"); }
  /// AV1.
  static VideoCodec Av1() { return VideoCodec("av1"); }
  /// All that this version knows.
  static std::vector<VideoCodec> Values() { return {H264(), Av1()}; }
};

/// Capstan's own: the mixed sound's encoder.
class AudioCodec : public Choice<AudioCodec, std::string> {
 public:
  using Choice::Choice;
  /// AAC-LC.
  static AudioCodec Aac() { return AudioCodec("aac"); }
  /// Opus.
  static AudioCodec Opus() { return AudioCodec("opus"); }
  /// All that this version knows.
  static std::vector<AudioCodec> Values() { return {Aac(), Opus()}; }
};

/// How participants are arranged.
class MixedVideoLayout : public Choice<MixedVideoLayout, int> {
 public:
  using Choice::Choice;
  /// One fills the canvas, the others lie on it.
  static MixedVideoLayout Float() { return MixedVideoLayout(0); }
  /// A grid.
  static MixedVideoLayout BestFit() { return MixedVideoLayout(1); }
  /// One big picture on the left, the others on the right.
  static MixedVideoLayout Vertical() { return MixedVideoLayout(2); }
  /// Regions of your own.
  static MixedVideoLayout Custom() { return MixedVideoLayout(3); }
  /// All that this version knows.
  static std::vector<MixedVideoLayout> Values() {
    return {Float(), BestFit(), Vertical(), Custom()};
  }
};

/// How a picture fits its region.
class RenderMode : public Choice<RenderMode, int> {
 public:
  using Choice::Choice;
  /// Fills it; what stands out is cut.
  static RenderMode Crop() { return RenderMode(0); }
  /// All of it, with bars.
  static RenderMode Fit() { return RenderMode(1); }
  /// All that this version knows.
  static std::vector<RenderMode> Values() { return {Crop(), Fit()}; }
};

/// Files of sound and pictures.
class AvFileType : public Choice<AvFileType, std::string> {
 public:
  using Choice::Choice;
  /// A playlist and segments.
  static AvFileType Hls() { return AvFileType("hls"); }
  /// MP4 beside it; in mode mix.
  static AvFileType Mp4() { return AvFileType("mp4"); }
  /// All that this version knows.
  static std::vector<AvFileType> Values() { return {Hls(), Mp4()}; }
};

/// Files of screenshots.
class SnapshotFileType : public Choice<SnapshotFileType, std::string> {
 public:
  using Choice::Choice;
  /// JPEG.
  static SnapshotFileType Jpg() { return SnapshotFileType("jpg"); }
  /// All that this version knows.
  static std::vector<SnapshotFileType> Values() { return {Jpg()}; }
};

/// Encryption at rest.
class ServerSideEncryption : public Choice<ServerSideEncryption, std::string> {
 public:
  using Choice::Choice;
  /// By the vendor's key service.
  static ServerSideEncryption Kms() { return ServerSideEncryption("kms"); }
  /// By keys of the store.
  static ServerSideEncryption Aes256() { return ServerSideEncryption("aes256"); }
  /// All that this version knows.
  static std::vector<ServerSideEncryption> Values() { return {Kms(), Aes256()}; }
};

/// Where a recording stands, as `query` tells it.
class Status : public Choice<Status, int> {
 public:
  using Choice::Choice;
  /// Nothing has been started.
  static Status NotStarted() { return Status(0); }
  /// Initialised.
  static Status Initialised() { return Status(1); }
  /// Starting.
  static Status Starting() { return Status(2); }
  /// Some parts are ready.
  static Status PartlyReady() { return Status(3); }
  /// It records.
  static Status Ready() { return Status(4); }
  /// It records, and the first file is in the bucket.
  static Status InProgress() { return Status(5); }
  /// It ends.
  static Status Stopping() { return Status(6); }
  /// It has ended; uploads go on.
  static Status Uploading() { return Status(7); }
  /// It is over.
  static Status Exited() { return Status(8); }
  /// It ended as it should not have.
  static Status AbnormalExit() { return Status(20); }
  /// All that this version knows.
  static std::vector<Status> Values() {
    return {NotStarted(), Initialised(), Starting(), PartlyReady(), Ready(), InProgress(),
            Stopping(), Uploading(), Exited(), AbnormalExit()};
  }
};

/// What `fileList` was on the wire.
class FileListMode : public Choice<FileListMode, std::string> {
 public:
  using Choice::Choice;
  /// One name.
  static FileListMode String() { return FileListMode("string"); }
  /// A list.
  static FileListMode Json() { return FileListMode("json"); }
  /// All that this version knows.
  static std::vector<FileListMode> Values() { return {String(), Json()}; }
};

/// What became of the files.
class UploadingStatus : public Choice<UploadingStatus, std::string> {
 public:
  using Choice::Choice;
  /// Everything is in the bucket.
  static UploadingStatus Uploaded() { return UploadingStatus("uploaded"); }
  /// Everything has left, something of it only to the backup store.
  static UploadingStatus BackedUp() { return UploadingStatus("backuped"); }
  /// Not known yet.
  static UploadingStatus Unknown() { return UploadingStatus("unknown"); }
  /// All that this version knows.
  static std::vector<UploadingStatus> Values() { return {Uploaded(), BackedUp(), Unknown()}; }
};

/// What a file or a stream carries.
class TrackType : public Choice<TrackType, std::string> {
 public:
  using Choice::Choice;
  /// Sound.
  static TrackType Audio() { return TrackType("audio"); }
  /// Pictures.
  static TrackType Video() { return TrackType("video"); }
  /// Both.
  static TrackType AudioAndVideo() { return TrackType("audio_and_video"); }
  /// All that this version knows.
  static std::vector<TrackType> Values() { return {Audio(), Video(), AudioAndVideo()}; }
};

/// Where a recording stands, in Capstan's own words.
class RecordingState : public Choice<RecordingState, std::string> {
 public:
  using Choice::Choice;
  /// It starts.
  static RecordingState Starting() { return RecordingState("starting"); }
  /// It records.
  static RecordingState Recording() { return RecordingState("recording"); }
  /// It ends.
  static RecordingState Stopping() { return RecordingState("stopping"); }
  /// It has ended; uploads go on.
  static RecordingState Uploading() { return RecordingState("uploading"); }
  /// It is over and everything is where it belongs.
  static RecordingState Done() { return RecordingState("done"); }
  /// It ended as it should not have.
  static RecordingState Failed() { return RecordingState("failed"); }
  /// All that this version knows.
  static std::vector<RecordingState> Values() {
    return {Starting(), Recording(), Stopping(), Uploading(), Done(), Failed()};
  }
};

/// Why a recording ended.
class StopReason : public Choice<StopReason, std::string> {
 public:
  using Choice::Choice;
  /// Somebody called stop.
  static StopReason Asked() { return StopReason("asked"); }
  /// Nobody sent anything for too long.
  static StopReason Idle() { return StopReason("idle"); }
  /// The server was shut down.
  static StopReason Shutdown() { return StopReason("shutdown"); }
  /// Something failed.
  static StopReason Failed() { return StopReason("failed"); }
  /// All that this version knows.
  static std::vector<StopReason> Values() { return {Asked(), Idle(), Shutdown(), Failed()}; }
};

/// Whether a plugin is asked.
class PluginState : public Choice<PluginState, std::string> {
 public:
  using Choice::Choice;
  /// It is.
  static PluginState Ready() { return PluginState("ready"); }
  /// Not for a while, after repeated faults.
  static PluginState Benched() { return PluginState("benched"); }
  /// All that this version knows.
  static std::vector<PluginState> Values() { return {Ready(), Benched()}; }
};

}  // namespace capstan
