/// @file
/// What `stop` answers when an earlier attempt has stopped the recording already.
#pragma once

#include "capstan/answers.h"
#include "capstan/recorder.h"
#include "capstan/recordings.h"

namespace capstan::internal {

/// The answer of a `stop` whose own got lost, by what is known of the recording now.
Answer AnswerOfLostStop(const RecordingId& id, const RecordingDetails& details);

}  // namespace capstan::internal
