#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "IAgoraCloudRecording.h"
#include "capstan/client.h"
#include "event_teller.h"
#include "translation.h"

namespace agora::cloud_recording {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{500};
/// A recorder that is released waits for what it is doing, not for a server that is gone.
constexpr std::chrono::milliseconds kCallTimeout{20'000};
/// Looks that fail in a row until the server counts as gone; each had its retries.
constexpr int kPatience = 3;

struct Server {
  std::string base_url, key, secret;
};

std::mutex server_mutex;
std::optional<Server> given_server;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

Server TheServer() {
  const std::lock_guard lock(server_mutex);
  if (given_server) return *given_server;
  return {Variable("CAPSTAN_URL"), Variable("CAPSTAN_KEY"), Variable("CAPSTAN_SECRET")};
}

/// One recording from beginning to end: starts it, looks for its events, ends it when asked.
class Worker {
 public:
  Worker(capstan::Client client, std::string room, capstan::RecordOptions options,
         ICloudRecorderObserver* observer)
      : client_(std::move(client)),
        room_(std::move(room)),
        options_(std::move(options)),
        observer_(observer) {}

  RecordingId id() {
    const std::lock_guard lock(mutex_);
    return id_.empty() ? "" : id_.c_str();
  }

  /// Asks for the end; false if that was asked for before, or it is over.
  bool Stop() {
    const std::lock_guard lock(mutex_);
    if (stop_ || over_) return false;
    stop_ = true;
    changed_.notify_all();
    return true;
  }

  void Release(bool end) {
    const std::lock_guard lock(mutex_);
    released_ = true;
    stop_ |= end;
    changed_.notify_all();
  }

  void Run() {
    observer_->OnRecordingConnecting("");
    const auto recording = client_.Record(room_, options_);
    if (!recording) return Finish(CodeOf(recording.error()));
    {
      const std::lock_guard lock(mutex_);
      id_ = recording->sid();
    }
    Finish(Follow(*recording));
  }

 private:
  /// Tells all events until the last one; answers how it ended.
  RecordingErrorCode Follow(const capstan::Recording& recording) {
    EventTeller teller(recording.sid(), observer_);
    bool asked = false;
    int failures = 0;
    while (!teller.exited()) {
      if (!asked && Wants(stop_)) {
        asked = true;
        End(recording);
      }
      if (Wants(released_)) return kRecordingErrorOk;
      const auto error = Tell(recording.sid(), teller);
      failures = error ? failures + 1 : 0;
      if (failures >= kPatience) return CodeOf(*error);
      if (!teller.exited()) Rest(asked);
    }
    return teller.Ending();
  }

  std::optional<capstan::Error> Tell(const std::string& sid, EventTeller& teller) {
    capstan::EventsRequest request;
    if (told_ >= 0) request.after = told_;
    for (const auto& replayed : client_.Events(sid, request)) {
      if (!replayed) return replayed.error();
      const auto event = capstan::ToEvent(sid, *replayed);
      if (!event) return event.error();
      if (Wants(released_)) return std::nullopt;
      teller.Tell(*event);
      told_ = event->sequence;
    }
    return std::nullopt;
  }

  void End(const capstan::Recording& recording) {
    capstan::StopRequest request;
    request.async_stop = true;
    const auto stopped = recording.Stop(request);
    if (stopped || Wants(released_)) return;
    const capstan::Error& error = stopped.error();
    // It is over already, or about to be: its events tell how it ended.
    if (error.kind == capstan::ErrorKind::kConflict ||
        error.kind == capstan::ErrorKind::kNotFound ||
        error.kind == capstan::ErrorKind::kNothingRecorded) {
      return;
    }
    observer_->OnRecorderFailure(recording.sid().c_str(), CodeOf(error), error.message.c_str());
  }

  void Finish(RecordingErrorCode code) {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      if (released_ || code == kRecordingErrorOk) return;
    }
    observer_->OnRecordingFatalError(id(), code);
  }

  bool Wants(const bool& what) {
    const std::lock_guard lock(mutex_);
    return what;
  }

  void Rest(bool asked) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kBetweenLooks, [&] { return released_ || (stop_ && !asked); });
  }

  const capstan::Client client_;
  const std::string room_;
  const capstan::RecordOptions options_;
  ICloudRecorderObserver* const observer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string id_;
  bool stop_ = false;
  bool released_ = false;
  bool over_ = false;
  /// The last event that was told; none yet if negative.
  std::int64_t told_ = -1;
};

class CloudRecorder : public ICloudRecorder {
 public:
  explicit CloudRecorder(ICloudRecorderObserver* observer) : observer_(observer) {}

  RecordingId GetRecordingId() override {
    const std::lock_guard lock(mutex_);
    return worker_ ? worker_->id() : "";
  }

  int StartCloudRecording(const char* app, const char* room, const char* token, const uid_t uid,
                          const RecordingConfig& config,
                          const CloudStorageConfig& storage) override {
    const std::lock_guard lock(mutex_);
    if (worker_) return kRecordingErrorInvalidOperation;
    if (app == nullptr || room == nullptr || *room == '\0' || uid == 0 || observer_ == nullptr) {
      return kRecordingErrorInvalidParameter;
    }
    const Server server = TheServer();
    capstan::ClientOptions options;
    options.base_url = server.base_url;
    options.app = app;
    options.key = server.key;
    options.secret = server.secret;
    options.call_timeout = kCallTimeout;
    auto client = capstan::Client::Make(std::move(options));
    if (!client) return kRecordingErrorInvalidParameter;
    worker_ = std::make_shared<Worker>(*std::move(client), room,
                                       Translate(token, uid, config, storage), observer_);
    try {
      thread_ = std::thread([worker = worker_] { worker->Run(); });
    } catch (const std::system_error&) {
      worker_.reset();
      return kRecordingErrorGeneralError;
    }
    return kRecordingErrorOk;
  }

  int StopCloudRecording() override {
    const std::lock_guard lock(mutex_);
    return worker_ && worker_->Stop() ? kRecordingErrorOk : kRecordingErrorInvalidOperation;
  }

  void Release(bool cancel) override {
    if (worker_) worker_->Release(cancel);
    if (thread_.joinable()) {
      // An observer may release the recorder that is telling it.
      if (thread_.get_id() == std::this_thread::get_id()) {
        thread_.detach();
      } else {
        thread_.join();
      }
    }
    delete this;
  }

 private:
  ~CloudRecorder() override = default;

  ICloudRecorderObserver* const observer_;
  std::mutex mutex_;
  std::shared_ptr<Worker> worker_;
  std::thread thread_;
};

}  // namespace

ICloudRecorder* CreateCloudRecorderInstance(ICloudRecorderObserver* observer) {
  return new CloudRecorder(observer);
}

void SetCapstanServer(const char* base_url, const char* key, const char* secret) {
  const std::lock_guard lock(server_mutex);
  given_server = Server{base_url, key, secret};
}

}  // namespace agora::cloud_recording
