/// @file
/// The fields of events by their names in JSON, from which they are read, written and described.
#pragma once

#include "capstan/events.h"
#include "fields.h"

namespace capstan::internal {

template <>
struct Fields<event::Other> {
  static constexpr const char* kName = "event::Other";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    (void)visit, (void)object;
  }
};

template <>
struct Fields<event::Failed> {
  static constexpr const char* kName = "event::Failed";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("module", object.module);
    visit("errorLevel", object.error_level);
    visit("errorCode", object.error_code);
    visit("stat", object.stat);
    visit("errorMsg", object.error_msg);
  }
};

template <>
struct Fields<event::Warned> {
  static constexpr const char* kName = "event::Warned";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("module", object.module);
    visit("warnCode", object.warn_code);
    visit("warnMsg", object.warn_msg);
  }
};

template <>
struct Fields<event::Misused> {
  static constexpr const char* kName = "event::Misused";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("status", object.status);
    visit("recordingMode", object.recording_mode);
    visit("fileList", object.file_list);
  }
};

template <>
struct Fields<event::FileInfos> {
  static constexpr const char* kName = "event::FileInfos";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("fileList", object.file_list);
  }
};

template <>
struct Fields<event::SessionExited> {
  static constexpr const char* kName = "event::SessionExited";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("exitStatus", object.exit_status);
  }
};

template <>
struct Fields<event::FailedOver> {
  static constexpr const char* kName = "event::FailedOver";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("newUid", object.new_uid);
  }
};

template <>
struct Fields<event::UploaderStarted> {
  static constexpr const char* kName = "event::UploaderStarted";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("status", object.status);
  }
};

template <>
struct Fields<event::Uploaded> {
  static constexpr const char* kName = "event::Uploaded";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("status", object.status);
    visit("fileList", object.file_list);
  }
};

template <>
struct Fields<event::BackedUp> {
  static constexpr const char* kName = "event::BackedUp";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("status", object.status);
    visit("fileList", object.file_list);
  }
};

template <>
struct Fields<event::Progress> {
  static constexpr const char* kName = "event::Progress";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("progress", object.progress);
  }
};

template <>
struct Fields<event::RecorderStarted> {
  static constexpr const char* kName = "event::RecorderStarted";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("status", object.status);
  }
};

template <>
struct Fields<event::RecorderLeft> {
  static constexpr const char* kName = "event::RecorderLeft";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("leaveCode", object.leave_code);
  }
};

template <>
struct Fields<event::SliceStarted> {
  static constexpr const char* kName = "event::SliceStarted";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("startUtcMs", object.start_utc_ms);
    visit("discontinueUtcMs", object.discontinue_utc_ms);
    visit("mixedAllUser", object.mixed_all_user);
    visit("streamUid", object.stream_uid);
    visit("trackType", object.track_type);
  }
};

template <>
struct Fields<event::AudioChanged> {
  static constexpr const char* kName = "event::AudioChanged";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("streamUid", object.stream_uid);
    visit("state", object.state);
    visit("UtcMs", object.utc_ms);
  }
};

template <>
struct Fields<event::VideoChanged> {
  static constexpr const char* kName = "event::VideoChanged";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("streamUid", object.stream_uid);
    visit("state", object.state);
    visit("UtcMs", object.utc_ms);
  }
};

template <>
struct Fields<event::SnapshotUploaded> {
  static constexpr const char* kName = "event::SnapshotUploaded";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("fileName", object.file_name);
  }
};

}  // namespace capstan::internal
