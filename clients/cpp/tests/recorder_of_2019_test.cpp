// Code of 2019 records with today's server.

#include <IAgoraCloudRecording.h>

#include <algorithm>
#include <mutex>

#include "live.h"

namespace capstan::testing {
namespace {

namespace old = agora::cloud_recording;

class Observer : public old::CloudRecorderObserver {
 public:
  void OnRecordingConnecting(old::RecordingId) override { Tell("connecting"); }
  void OnRecordingStarted(old::RecordingId) override { Tell("started"); }
  void OnRecordingStopped(old::RecordingId) override { Tell("stopped"); }
  void OnRecordingUploaded(old::RecordingId, const char* name) override {
    {
      const std::lock_guard lock(mutex_);
      file_ = name;
    }
    Tell("uploaded");
  }
  void OnRecordingUploadingProgress(old::RecordingId, unsigned int progress,
                                    const char*) override {
    Tell("progress " + std::to_string(progress));
  }
  void OnRecorderFailure(old::RecordingId, old::RecordingErrorCode, const char* words) override {
    Tell(std::string("failure of the recorder: ") + words);
  }
  void OnUploaderFailure(old::RecordingId, old::RecordingErrorCode, const char* words) override {
    Tell(std::string("failure of the uploader: ") + words);
  }
  void OnRecordingFatalError(old::RecordingId, old::RecordingErrorCode code) override {
    Tell("failure " + std::to_string(code));
  }

  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  bool Told(const std::string& what) { return Place(what) >= 0; }
  std::ptrdiff_t Place(const std::string& what) {
    const auto lines = told();
    const auto found = std::find(lines.begin(), lines.end(), what);
    return found == lines.end() ? -1 : found - lines.begin();
  }
  std::string file() {
    const std::lock_guard lock(mutex_);
    return file_;
  }

 private:
  void Tell(std::string line) {
    const std::lock_guard lock(mutex_);
    told_.push_back(std::move(line));
  }

  std::mutex mutex_;
  std::vector<std::string> told_;
  std::string file_;
};

TEST(RecorderOf2019, RecordsAndTells) {
  old::SetCapstanServer(Variable("CAPSTAN_URL").c_str(), "school", "school");
  Observer observer;
  old::ICloudRecorder* recorder = old::CreateCloudRecorderInstance(&observer);
  old::RecordingConfig config;
  config.SetTranscodingWidth(320);
  config.SetTranscodingHeight(180);
  old::CloudStorageConfig storage{};
  EXPECT_EQ(recorder->StopCloudRecording(), old::kRecordingErrorInvalidOperation);
  EXPECT_EQ(recorder->StartCloudRecording("school", "clients", nullptr, 0, config, storage),
            old::kRecordingErrorInvalidParameter);
  ASSERT_EQ(
      recorder->StartCloudRecording("school", "clients", "", 3'000'000'013U, config, storage),
      old::kRecordingErrorOk);
  EXPECT_EQ(recorder->StartCloudRecording("school", "clients", nullptr, 9, config, storage),
            old::kRecordingErrorInvalidOperation);
  ASSERT_TRUE(Eventually([&] { return observer.Told("started"); }));
  const std::string sid = recorder->GetRecordingId();
  // A first segment, so that there is something to upload.
  ASSERT_TRUE(Eventually([&] {
    const auto details = LiveClient("school").Details(sid);
    return details && details->live && details->live->segments > 0;
  }));
  EXPECT_EQ(recorder->StopCloudRecording(), old::kRecordingErrorOk);
  ASSERT_TRUE(Eventually([&] { return observer.Told("uploaded"); }));
  recorder->Release(false);
  EXPECT_EQ(observer.Place("connecting"), 0);
  EXPECT_LT(observer.Place("started"), observer.Place("stopped"));
  EXPECT_LT(observer.Place("stopped"), observer.Place("progress 100"));
  EXPECT_LT(observer.Place("progress 100"), observer.Place("uploaded"));
  for (const std::string& line : observer.told()) EXPECT_NE(line.find("failure"), 0U) << line;
  EXPECT_EQ(observer.file().find(sid + "_clients"), 0U) << observer.file();
  Made(observer.file());
}

TEST(RecorderOf2019, AKeyThatIsNotLetInIsToldOf) {
  old::SetCapstanServer(Variable("CAPSTAN_URL").c_str(), "school", "wrong");
  Observer observer;
  old::ICloudRecorder* recorder = old::CreateCloudRecorderInstance(&observer);
  ASSERT_EQ(recorder->StartCloudRecording("school", "clients", nullptr, 3'000'000'014U,
                                          old::RecordingConfig(), old::CloudStorageConfig{}),
            old::kRecordingErrorOk);
  ASSERT_TRUE(Eventually([&] { return observer.Told("failure 430"); }));
  recorder->Release(true);
}

}  // namespace
}  // namespace capstan::testing
