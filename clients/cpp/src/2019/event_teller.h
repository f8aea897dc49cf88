/// @file
/// Tells today's events by the callbacks of 2019.
#pragma once

#include <string>
#include <vector>

#include "IAgoraCloudRecording.h"
#include "capstan/events.h"

namespace agora::cloud_recording {

class EventTeller {
 public:
  EventTeller(std::string id, ICloudRecorderObserver* observer);

  void Tell(const capstan::Event& event);
  /// Whether the last event was told.
  bool exited() const { return exited_; }
  /// How it ended.
  RecordingErrorCode Ending() const;

 private:
  void Failed(const capstan::event::Failed& failure);
  std::string NameOf(const std::vector<capstan::RecordedFile>& files) const;

  std::string id_;
  ICloudRecorderObserver* observer_;
  std::string playlist_;
  bool delivered_ = false;
  bool failed_ = false;
  bool exited_ = false;
};

}  // namespace agora::cloud_recording
