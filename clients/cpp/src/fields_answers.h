/// @file
/// The fields of answers by their names in JSON, from which they are read, written and described.
#pragma once

#include "capstan/recordings.h"
#include "fields.h"

namespace capstan::internal {

template <>
struct Fields<RecordedFile> {
  static constexpr const char* kName = "RecordedFile";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("fileName", object.file_name);
    visit("trackType", object.track_type);
    visit("uid", object.uid);
    visit("mixedAllUser", object.mixed_all_user);
    visit("isPlayable", object.is_playable);
    visit("sliceStartTime", object.slice_start_time);
  }
};

template <>
struct Fields<ServerResponse> {
  static constexpr const char* kName = "ServerResponse";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("status", object.status);
    visit("fileListMode", object.file_list_mode);
    visit("fileList", object.file_list);
    visit("sliceStartTime", object.slice_start_time);
    visit("uploadingStatus", object.uploading_status);
    visit("storageError", object.storage_error);
    visit("troubles", object.troubles);
    visit("playbackUrl", object.playback_url);
  }
};

template <>
struct Fields<Answer> {
  static constexpr const char* kName = "Answer";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("cname", object.cname);
    visit("uid", object.uid);
    visit("resourceId", object.resource_id);
    visit("sid", object.sid);
    visit("serverResponse", object.server_response);
  }
};

template <>
struct Fields<ErrorBody> {
  static constexpr const char* kName = "ErrorBody";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("cname", object.cname);
    visit("uid", object.uid);
    visit("resourceId", object.resource_id);
    visit("sid", object.sid);
    visit("code", object.code);
    visit("reason", object.reason);
    visit("message", object.message);
    visit("serverResponse", object.server_response);
    visit("type", object.type);
    visit("title", object.title);
    visit("status", object.status);
    visit("detail", object.detail);
  }
};

template <>
struct Fields<RecordingSummary> {
  static constexpr const char* kName = "RecordingSummary";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("sid", object.sid);
    visit("app", object.app);
    visit("room", object.room);
    visit("recorderUid", object.recorder_uid);
    visit("mode", object.mode);
    visit("state", object.state);
    visit("startedAt", object.started_at);
    visit("endedAt", object.ended_at);
    visit("stopped", object.stopped);
    visit("failure", object.failure);
    visit("complete", object.complete);
    visit("playbackUrl", object.playback_url);
  }
};

template <>
struct Fields<WaitingFile> {
  static constexpr const char* kName = "WaitingFile";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("key", object.key);
    visit("failures", object.failures);
    visit("parked", object.parked);
    visit("lastWords", object.last_words);
  }
};

template <>
struct Fields<Uploads> {
  static constexpr const char* kName = "Uploads";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("owed", object.owed);
    visit("parked", object.parked);
    visit("backedUp", object.backed_up);
    visit("bytes", object.bytes);
    visit("bytesUploaded", object.bytes_uploaded);
    visit("waiting", object.waiting);
  }
};

template <>
struct Fields<Track> {
  static constexpr const char* kName = "Track";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("uid", object.uid);
    visit("kind", object.kind);
    visit("codecs", object.codecs);
    visit("firstAt", object.first_at);
    visit("lastAt", object.last_at);
  }
};

template <>
struct Fields<Trouble> {
  static constexpr const char* kName = "Trouble";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("from", object.from);
    visit("to", object.to);
    visit("kind", object.kind);
    visit("what", object.what);
    visit("uid", object.uid);
    visit("track", object.track);
    visit("lack", object.lack);
  }
};

template <>
struct Fields<Live> {
  static constexpr const char* kName = "Live";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("participants", object.participants);
    visit("segments", object.segments);
    visit("pictures", object.pictures);
    visit("picturesSkipped", object.pictures_skipped);
    visit("frames", object.frames);
    visit("framesLost", object.frames_lost);
  }
};

template <>
struct Fields<RecordingDetails> {
  static constexpr const char* kName = "RecordingDetails";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("sid", object.sid);
    visit("app", object.app);
    visit("room", object.room);
    visit("recorderUid", object.recorder_uid);
    visit("mode", object.mode);
    visit("state", object.state);
    visit("startedAt", object.started_at);
    visit("endedAt", object.ended_at);
    visit("stopped", object.stopped);
    visit("failure", object.failure);
    visit("complete", object.complete);
    visit("playbackUrl", object.playback_url);
    visit("storage", object.storage);
    visit("prefix", object.prefix);
    visit("files", object.files);
    visit("uploads", object.uploads);
    visit("tracks", object.tracks);
    visit("troubles", object.troubles);
    visit("events", object.events);
    visit("eventsOwed", object.events_owed);
    visit("trouble", object.trouble);
    visit("live", object.live);
  }
};

template <>
struct Fields<RecordingPage> {
  static constexpr const char* kName = "RecordingPage";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("recordings", object.recordings);
    visit("next", object.next);
  }
};

template <>
struct Fields<ReplayedEvent> {
  static constexpr const char* kName = "ReplayedEvent";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("sequence", object.sequence);
    visit("noticeId", object.notice_id);
    visit("at", object.at);
    visit("kind", object.kind);
    visit("details", object.details);
  }
};

template <>
struct Fields<EventPage> {
  static constexpr const char* kName = "EventPage";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("events", object.events);
    visit("more", object.more);
  }
};

template <>
struct Fields<PluginFault> {
  static constexpr const char* kName = "PluginFault";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("at", object.at);
    visit("kind", object.kind);
    visit("detail", object.detail);
  }
};

template <>
struct Fields<Plugin> {
  static constexpr const char* kName = "Plugin";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("name", object.name);
    visit("version", object.version);
    visit("summary", object.summary);
    visit("world", object.world);
    visit("contract", object.contract);
    visit("size", object.size);
    visit("configSchema", object.config_schema);
    visit("state", object.state);
    visit("benchedForMs", object.benched_for_ms);
    visit("good", object.good);
    visit("faults", object.faults);
    visit("benched", object.benched);
    visit("lastFault", object.last_fault);
    visit("refusedUpdate", object.refused_update);
  }
};

template <>
struct Fields<RefusedPlugin> {
  static constexpr const char* kName = "RefusedPlugin";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("file", object.file);
    visit("reason", object.reason);
  }
};

template <>
struct Fields<PluginList> {
  static constexpr const char* kName = "PluginList";
  template <class V, class T>
  static void Each(V& visit, T& object) {
    visit("plugins", object.plugins);
    visit("refused", object.refused);
  }
};

}  // namespace capstan::internal
