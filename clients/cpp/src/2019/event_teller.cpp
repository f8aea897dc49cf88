#include "event_teller.h"

namespace agora::cloud_recording {
namespace {

namespace event = capstan::event;

constexpr int kPerPercent = 100;
constexpr int kUploader = 1;

}  // namespace

EventTeller::EventTeller(std::string id, ICloudRecorderObserver* observer)
    : id_(std::move(id)), observer_(observer) {}

RecordingErrorCode EventTeller::Ending() const {
  if (failed_) return kRecordingErrorRecorderExit;
  return delivered_ ? kRecordingErrorOk : kRecordingErrorNoRecordedData;
}

void EventTeller::Tell(const capstan::Event& told) {
  const char* id = id_.c_str();
  const auto& details = told.details;
  if (std::holds_alternative<event::RecorderStarted>(details)) {
    observer_->OnRecordingStarted(id);
  } else if (std::holds_alternative<event::RecorderLeft>(details)) {
    observer_->OnRecordingStopped(id);
  } else if (const auto* infos = std::get_if<event::FileInfos>(&details)) {
    playlist_ = infos->file_list.value_or(playlist_);
  } else if (const auto* progress = std::get_if<event::Progress>(&details)) {
    const auto percent = static_cast<unsigned int>(progress->progress.value_or(0) / kPerPercent);
    observer_->OnRecordingUploadingProgress(id, percent, playlist_.c_str());
  } else if (const auto* uploaded = std::get_if<event::Uploaded>(&details)) {
    delivered_ = true;
    observer_->OnRecordingUploaded(id, NameOf(uploaded->file_list).c_str());
  } else if (const auto* backed_up = std::get_if<event::BackedUp>(&details)) {
    delivered_ = true;
    observer_->OnRecordingBackedUp(id, NameOf(backed_up->file_list).c_str());
  } else if (const auto* failure = std::get_if<event::Failed>(&details)) {
    Failed(*failure);
  } else if (const auto* exit = std::get_if<event::SessionExited>(&details)) {
    failed_ |= exit->exit_status.value_or(0) != 0;
    exited_ = true;
  }
}

void EventTeller::Failed(const event::Failed& failure) {
  const std::string words = failure.error_msg.value_or("");
  if (failure.module.value_or(0) == kUploader) {
    observer_->OnUploaderFailure(id_.c_str(), kRecordingErrorUploaderFailed, words.c_str());
  } else {
    observer_->OnRecorderFailure(id_.c_str(), kRecordingErrorRecorderFailed, words.c_str());
  }
}

std::string EventTeller::NameOf(const std::vector<capstan::RecordedFile>& files) const {
  return files.empty() ? playlist_ : files.front().file_name;
}

}  // namespace agora::cloud_recording
