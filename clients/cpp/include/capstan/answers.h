/// @file
/// What the recording API answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capstan/choices.h"
#include "capstan/json.h"

namespace capstan {

/// One file of a recording.
struct RecordedFile {
  /// The object's key.
  std::string file_name;
  /// What it holds.
  std::optional<TrackType> track_type;
  /// Whose it is; 0 is everybody in one.
  std::optional<std::string> uid;
  /// Whether everybody is in it.
  std::optional<bool> mixed_all_user;
  /// Whether a browser's player can be expected to play it.
  std::optional<bool> is_playable;
  /// Unix milliseconds of its start.
  std::optional<std::int64_t> slice_start_time;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// What a recording has made so far.
struct ServerResponse {
  /// Where it stands; of `query`.
  std::optional<Status> status;
  /// What fileList was on the wire; absent for screenshots alone.
  std::optional<FileListMode> file_list_mode;
  /// The playlists and files; the playlist alone where the API gives one name.
  std::vector<RecordedFile> file_list;
  /// Unix milliseconds of the first slice, 0 before it; of `query`.
  std::optional<std::int64_t> slice_start_time;
  /// What became of the files; of `stop`.
  std::optional<UploadingStatus> uploading_status;
  /// What the storage said of files that it hasn't taken. Capstan's own.
  std::optional<std::string> storage_error;
  /// In how many spans something of a track is missing; absent if in none. Capstan's own.
  std::optional<std::int64_t> troubles;
  /// Where it can be watched on the server. Capstan's own.
  std::optional<std::string> playback_url;
  /// The playlist's key, where there is one for everybody.
  std::optional<std::string> playlist;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// What the recording API answers when all is well.
struct Answer {
  /// The room's name.
  std::string cname;
  /// The recorder's uid.
  std::string uid;
  /// What `acquire` gave.
  std::string resource_id;
  /// The recording.
  std::string sid;
  /// What a recording has made so far; of `query` and `stop`.
  std::optional<ServerResponse> server_response;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// A refusal as it came: of the recording API, of the gateway before it, or a problem document.
struct ErrorBody {
  /// The room's name.
  std::optional<std::string> cname;
  /// The recorder's uid.
  std::optional<std::string> uid;
  /// What `acquire` gave.
  std::optional<std::string> resource_id;
  /// The recording.
  std::optional<std::string> sid;
  /// What it is, in the API's numbers.
  std::optional<std::int64_t> code;
  /// The documented words, and what to change.
  std::optional<std::string> reason;
  /// The same as reason, as older documents call it.
  std::optional<std::string> message;
  /// What the recording has made so far.
  std::optional<ServerResponse> server_response;
  /// A stable name of this kind of problem.
  std::optional<std::string> type;
  /// The status in words.
  std::optional<std::string> title;
  /// The HTTP status.
  std::optional<std::int64_t> status;
  /// What to change.
  std::optional<std::string> detail;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

}  // namespace capstan
