/// @file
/// What names a recorder, and a running recording.
#pragma once

#include <cstdint>
#include <string>

#include "capstan/choices.h"

namespace capstan {

/// Who records: a room's name, and the recorder's own uid in it, which nobody else there has.
struct Recorder {
  /// The room's name, `cname`.
  std::string room;
  /// The recorder's uid, 1 to 4294967295.
  std::uint32_t uid = 0;

  /// A recorder with a random uid from 3000000000 on, where participants rarely are.
  static Recorder WithRandomUid(std::string room);
};

/// What names a running recording in the API. Keep it to control the recording from elsewhere.
struct RecordingId {
  /// The room, and the recorder in it.
  Recorder recorder;
  /// The mode in which it was started.
  Mode mode = Mode::Mix();
  /// What `acquire` gave.
  std::string resource_id;
  /// What `start` gave.
  std::string sid;
};

}  // namespace capstan
