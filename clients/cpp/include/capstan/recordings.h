/// @file
/// What Capstan's own paths answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capstan/answers.h"

namespace capstan {

/// A recording in a list.
struct RecordingSummary {
  /// Its id.
  std::string sid;
  /// Whose it is.
  std::string app;
  /// The room's name.
  std::string room;
  /// The recorder's uid.
  std::int64_t recorder_uid = 0;
  /// `mix`, `individual` or `snapshots`.
  std::string mode;
  /// Where it stands.
  RecordingState state{""};
  /// When it began to listen, Unix milliseconds.
  std::int64_t started_at = 0;
  /// When nothing was recorded any more.
  std::optional<std::int64_t> ended_at;
  /// Why it ended.
  std::optional<StopReason> stopped;
  /// What made it end abnormally.
  std::optional<std::string> failure;
  /// Once it is over: whether its files hold all that came.
  std::optional<bool> complete;
  /// Where it can be watched on the server, while the files are there.
  std::optional<std::string> playback_url;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// A file that hasn't left.
struct WaitingFile {
  /// The object's key.
  std::string key;
  /// Failed attempts in a row.
  std::int64_t failures = 0;
  /// Whether nobody tries any more.
  bool parked = false;
  /// What the storage said last.
  std::optional<std::string> last_words;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// How uploads are doing.
struct Uploads {
  /// Files that are to be uploaded.
  std::int64_t owed = 0;
  /// Files that the storage refused; the server keeps them.
  std::int64_t parked = 0;
  /// Files that are in the backup store and wait for their own.
  std::int64_t backed_up = 0;
  /// Bytes of all segments so far.
  std::int64_t bytes = 0;
  /// Bytes of those that are in the bucket.
  std::int64_t bytes_uploaded = 0;
  /// Files that haven't left, at most 100.
  std::vector<WaitingFile> waiting;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// One participant's stream.
struct Track {
  /// Whose.
  std::int64_t uid = 0;
  /// `audio`, `camera` or `screen`.
  std::string kind;
  /// How it was encoded, each time it began anew.
  std::vector<std::string> codecs;
  /// When it came first, Unix milliseconds.
  std::int64_t first_at = 0;
  /// When it ended or fell silent last; absent while it comes.
  std::optional<std::int64_t> last_at;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// A span in which something is missing.
struct Trouble {
  /// From when, Unix milliseconds.
  std::int64_t from = 0;
  /// To when; absent if only the moment is known.
  std::optional<std::int64_t> to;
  /// What kind it is: `overload` or `tape`, say; of one track why it isn't all there,
  /// `no_key_frame` for example.
  std::string kind;
  /// What is missing, or what happened, and what the sender could change.
  std::string what;
  /// Whose track, if it is of one.
  std::optional<std::int64_t> uid;
  /// Which of theirs: `audio`, `camera` or `screen`.
  std::optional<std::string> track;
  /// Whether the files lack something by it.
  bool lack = false;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// How a running recording is doing.
struct Live {
  /// Who is in the room.
  std::vector<std::int64_t> participants;
  /// Segments so far.
  std::int64_t segments = 0;
  /// Pictures so far.
  std::int64_t pictures = 0;
  /// Pictures left out because the machine was too busy.
  std::int64_t pictures_skipped = 0;
  /// Frames on tape.
  std::int64_t frames = 0;
  /// Frames that were lost.
  std::int64_t frames_lost = 0;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// All that is known of a recording.
struct RecordingDetails {
  /// Its id.
  std::string sid;
  /// Whose it is.
  std::string app;
  /// The room's name.
  std::string room;
  /// The recorder's uid.
  std::int64_t recorder_uid = 0;
  /// `mix`, `individual` or `snapshots`.
  std::string mode;
  /// Where it stands.
  RecordingState state{""};
  /// When it began to listen, Unix milliseconds.
  std::int64_t started_at = 0;
  /// When nothing was recorded any more.
  std::optional<std::int64_t> ended_at;
  /// Why it ended.
  std::optional<StopReason> stopped;
  /// What made it end abnormally.
  std::optional<std::string> failure;
  /// Once it is over: whether its files hold all that came.
  std::optional<bool> complete;
  /// Where it can be watched on the server, while the files are there.
  std::optional<std::string> playback_url;
  /// Which storage its files go to: `store` is the server's own.
  std::string storage;
  /// What is before every object's key.
  std::string prefix;
  /// Its playlists and other listed files.
  std::vector<RecordedFile> files;
  /// How its uploads are doing.
  Uploads uploads;
  /// Who sent what.
  std::vector<Track> tracks;
  /// Where something is missing, and why.
  std::vector<Trouble> troubles;
  /// How many events there are.
  std::int64_t events = 0;
  /// How many of them nobody has taken yet.
  std::int64_t events_owed = 0;
  /// What went wrong most recently.
  std::optional<std::string> trouble;
  /// How it is doing now; absent once it is over.
  std::optional<Live> live;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// A page of recordings.
struct RecordingPage {
  /// The recordings, the latest first.
  std::vector<RecordingSummary> recordings;
  /// What to give as `after` for the next page; absent on the last one.
  std::optional<std::string> next;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// One event, told again.
struct ReplayedEvent {
  /// Its number within the recording, without gaps.
  std::int64_t sequence = 0;
  /// The same at every delivery.
  std::string notice_id;
  /// When it happened, Unix milliseconds.
  std::int64_t at = 0;
  /// Its stable name, `msgName` of callbacks.
  std::string kind;
  /// Its facts.
  std::optional<Json> details;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// A page of a recording's events.
struct EventPage {
  /// The events, delivered or not.
  std::vector<ReplayedEvent> events;
  /// Whether there are later ones already.
  bool more = false;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// A plugin's fault.
struct PluginFault {
  /// When, Unix milliseconds.
  std::int64_t at = 0;
  /// Its class.
  std::string kind;
  /// What happened.
  std::string detail;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// A loaded plugin.
struct Plugin {
  /// Its name.
  std::string name;
  /// Its own version.
  std::string version;
  /// What it does.
  std::string summary;
  /// `layout`, `storage` or `callback`.
  std::string world;
  /// The contract that it was built against.
  std::string contract;
  /// Bytes.
  std::int64_t size = 0;
  /// The JSON Schema of its configuration.
  std::optional<Json> config_schema;
  /// Whether it is asked.
  PluginState state{""};
  /// For how many milliseconds more it is benched.
  std::optional<std::int64_t> benched_for_ms;
  /// Jobs and questions that it answered well since it was loaded.
  std::int64_t good = 0;
  /// Faults since it was loaded, by class.
  std::optional<Json> faults;
  /// How often it was benched since it was loaded.
  std::int64_t benched = 0;
  /// The newest fault.
  std::optional<PluginFault> last_fault;
  /// Why its file's newest state isn't used: this is the one before.
  std::optional<std::string> refused_update;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// A file that gave no plugin.
struct RefusedPlugin {
  /// Its name.
  std::string file;
  /// Why.
  std::string reason;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// The plugins of a server.
struct PluginList {
  /// What was loaded.
  std::vector<Plugin> plugins;
  /// What couldn't be loaded.
  std::vector<RefusedPlugin> refused;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

}  // namespace capstan
