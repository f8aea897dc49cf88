#include "stop.h"

namespace capstan::internal {
namespace {

UploadingStatus Uploading(const RecordingDetails& details) {
  const Uploads& uploads = details.uploads;
  if (!details.ended_at || uploads.owed + uploads.parked > 0 || details.files.empty()) {
    return UploadingStatus::Unknown();
  }
  return uploads.backed_up > 0 ? UploadingStatus::BackedUp() : UploadingStatus::Uploaded();
}

}  // namespace

Answer AnswerOfLostStop(const RecordingId& id, const RecordingDetails& details) {
  ServerResponse response;
  response.file_list_mode = FileListMode::Json();
  response.file_list = details.files;
  response.uploading_status = Uploading(details);
  response.playback_url = details.playback_url;
  Answer answer;
  answer.cname = details.room;
  answer.uid = std::to_string(details.recorder_uid);
  answer.resource_id = id.resource_id;
  answer.sid = id.sid;
  answer.server_response = std::move(response);
  return answer;
}

}  // namespace capstan::internal
