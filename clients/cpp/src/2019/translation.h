/// @file
/// The settings of 2019 as today's.
#pragma once

#include "IAgoraCloudRecording.h"
#include "capstan/error.h"
#include "capstan/options.h"

namespace agora::cloud_recording {

capstan::RecordOptions Translate(const char* token, uid_t uid, const RecordingConfig& config,
                                 const CloudStorageConfig& storage);

RecordingErrorCode CodeOf(const capstan::Error& error);

}  // namespace agora::cloud_recording
