/// @file
/// The facts of events: one type for each of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "capstan/answers.h"
#include "capstan/recordings.h"
#include "capstan/result.h"

namespace capstan {

/// The facts of events.
namespace event {

/// The facts of an event that this version doesn't know: all are in `extra`.
struct Other {
  Extra extra;
};

/// 1, `cloud_recording_error`: Something failed that somebody has to look at.
struct Failed {
  static constexpr const char* kKind = "cloud_recording_error";
  static constexpr int kType = 1;
  /// Where: 0 recorder, 1 uploader, 2 everything around them.
  std::optional<std::int64_t> module;
  /// How bad: 1 debug to 5 fatal.
  std::optional<std::int64_t> error_level;
  /// Which.
  std::optional<std::int64_t> error_code;
  /// 0.
  std::optional<std::int64_t> stat;
  /// For an operator's eyes.
  std::optional<std::string> error_msg;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 2, `cloud_recording_warning`: Something went wrong and the recording went on.
struct Warned {
  static constexpr const char* kKind = "cloud_recording_warning";
  static constexpr int kType = 2;
  /// Where: 0 recorder, 1 uploader, 2 everything around them.
  std::optional<std::int64_t> module;
  /// Which.
  std::optional<std::int64_t> warn_code;
  /// For an operator's eyes.
  std::optional<std::string> warn_msg;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 3, `cloud_recording_status_update`: The API was asked for what doesn't fit the recording's
/// state.
struct Misused {
  static constexpr const char* kKind = "cloud_recording_status_update";
  static constexpr int kType = 3;
  /// The state.
  std::optional<Status> status;
  /// 0 individual, 1 mix.
  std::optional<std::int64_t> recording_mode;
  /// The playlist's key.
  std::optional<std::string> file_list;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 4, `cloud_recording_file_infos`: The playlist is in the bucket for the first time.
struct FileInfos {
  static constexpr const char* kKind = "cloud_recording_file_infos";
  static constexpr int kType = 4;
  /// The playlist's key.
  std::optional<std::string> file_list;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 11, `session_exit`: The last event of a session.
struct SessionExited {
  static constexpr const char* kKind = "session_exit";
  static constexpr int kType = 11;
  /// 0 if it ended as it should, 1 if not.
  std::optional<std::int64_t> exit_status;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 12, `session_failover`: Another recorder took over.
struct FailedOver {
  static constexpr const char* kKind = "session_failover";
  static constexpr int kType = 12;
  /// Its uid.
  std::optional<std::int64_t> new_uid;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 30, `uploader_started`: What it makes will be uploaded.
struct UploaderStarted {
  static constexpr const char* kKind = "uploader_started";
  static constexpr int kType = 30;
  /// 0.
  std::optional<std::int64_t> status;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 31, `uploaded`: Every file is in the bucket.
struct Uploaded {
  static constexpr const char* kKind = "uploaded";
  static constexpr int kType = 31;
  /// 0.
  std::optional<std::int64_t> status;
  /// The playlists and files.
  std::vector<RecordedFile> file_list;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 32, `backuped`: Every file has left, at least one of them only to the backup store.
struct BackedUp {
  static constexpr const char* kKind = "backuped";
  static constexpr int kType = 32;
  /// 0.
  std::optional<std::int64_t> status;
  /// The playlists and files.
  std::vector<RecordedFile> file_list;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 33, `uploading_progress`: How much of what was recorded is uploaded.
struct Progress {
  static constexpr const char* kKind = "uploading_progress";
  static constexpr int kType = 33;
  /// Ten-thousandths.
  std::optional<std::int64_t> progress;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 40, `recorder_started`: The recording listens to the room.
struct RecorderStarted {
  static constexpr const char* kKind = "recorder_started";
  static constexpr int kType = 40;
  /// 0.
  std::optional<std::int64_t> status;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 41, `recorder_leave`: Nothing is recorded any more.
struct RecorderLeft {
  static constexpr const char* kKind = "recorder_leave";
  static constexpr int kType = 41;
  /// Why, as bits: 4 idle, 16 asked, 2 shut down.
  std::optional<std::int64_t> leave_code;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 42, `recorder_slice_start`: The first slice of a track began, or the first after a break.
struct SliceStarted {
  static constexpr const char* kKind = "recorder_slice_start";
  static constexpr int kType = 42;
  /// When, Unix milliseconds.
  std::optional<std::int64_t> start_utc_ms;
  /// Where the slice before ended.
  std::optional<std::int64_t> discontinue_utc_ms;
  /// Whether it is everybody in one.
  std::optional<bool> mixed_all_user;
  /// Whose; 0 is everybody in one.
  std::optional<std::string> stream_uid;
  /// What it holds.
  std::optional<TrackType> track_type;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 43, `recorder_audio_stream_state_changed`: Somebody's sound comes, or comes no more.
struct AudioChanged {
  static constexpr const char* kKind = "recorder_audio_stream_state_changed";
  static constexpr int kType = 43;
  /// Whose; 0 is everybody in one.
  std::optional<std::string> stream_uid;
  /// 0 it comes, 1 it does not.
  std::optional<std::int64_t> state;
  /// When, Unix milliseconds.
  std::optional<std::int64_t> utc_ms;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 44, `recorder_video_stream_state_changed`: Somebody's pictures come, or come no more.
struct VideoChanged {
  static constexpr const char* kKind = "recorder_video_stream_state_changed";
  static constexpr int kType = 44;
  /// Whose; 0 is everybody in one.
  std::optional<std::string> stream_uid;
  /// 0 they come, 1 they do not.
  std::optional<std::int64_t> state;
  /// When, Unix milliseconds.
  std::optional<std::int64_t> utc_ms;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// 45, `recorder_snapshot_file`: A screenshot is in the bucket.
struct SnapshotUploaded {
  static constexpr const char* kKind = "recorder_snapshot_file";
  static constexpr int kType = 45;
  /// Its key.
  std::optional<std::string> file_name;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

}  // namespace event

/// The facts of an event: `std::get_if<event::Uploaded>(&details)` tells whether it is that one.
using EventDetails = std::variant<event::Other,
                                  event::Failed,
                                  event::Warned,
                                  event::Misused,
                                  event::FileInfos,
                                  event::SessionExited,
                                  event::FailedOver,
                                  event::UploaderStarted,
                                  event::Uploaded,
                                  event::BackedUp,
                                  event::Progress,
                                  event::RecorderStarted,
                                  event::RecorderLeft,
                                  event::SliceStarted,
                                  event::AudioChanged,
                                  event::VideoChanged,
                                  event::SnapshotUploaded>;

/// Something that happened in a recording, however it was told.
struct Event {
  /// Its stable name, `msgName` of Agora's callbacks: `uploaded`, say.
  std::string kind;
  /// Its number, `eventType` of Agora's callbacks; empty where nobody gave it one.
  std::optional<int> type;
  /// Which recording.
  std::string sid;
  /// Its number within the recording, from 0 without gaps.
  std::int64_t sequence = 0;
  /// When it happened, Unix milliseconds.
  std::int64_t at = 0;
  /// The same at every delivery; absent in a Standard Webhooks body, whose header has it.
  std::optional<std::string> notice_id;
  /// The app, where the callback tells it.
  std::optional<std::string> app;
  /// The room's name; absent in events that were told again.
  std::optional<std::string> room;
  /// The recorder's uid; absent in events that were told again.
  std::optional<std::int64_t> recorder_uid;
  /// The facts.
  EventDetails details;
};

/// An event of the recording `sid` that was told again.
Result<Event> ToEvent(const std::string& sid, const ReplayedEvent& event);

}  // namespace capstan
