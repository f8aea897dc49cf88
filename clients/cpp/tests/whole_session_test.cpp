// A whole session in both modes against a real server with a real publisher, callbacks and all.

#include <algorithm>
#include <map>
#include <mutex>

#include "callback_server.h"
#include "live.h"

namespace capstan::testing {
namespace {

const std::string kRoom = "clients";

StorageConfig Store() {
  StorageConfig storage;
  storage.vendor = "own";
  storage.file_name_prefix = {"sdk", "cpp"};
  return storage;
}

RecordOptions Mixed() {
  RecordOptions options;
  options.uid = 3'000'000'011U;
  auto& config = options.start.recording_config.emplace();
  config.max_idle_time = 60;
  auto& transcoding = config.transcoding_config.emplace();
  transcoding.width = 320;
  transcoding.height = 180;
  options.start.recording_file_config.emplace();
  options.start.recording_file_config->av_file_type = {AvFileType::Hls(), AvFileType::Mp4()};
  options.start.storage_config = Store();
  return options;
}

RecordOptions Apart() {
  RecordOptions options;
  options.uid = 3'000'000'012U;
  options.mode = Mode::Individual();
  auto& config = options.start.recording_config.emplace();
  config.max_idle_time = 60;
  config.subscribe_uid_group = 0;
  options.start.storage_config = Store();
  return options;
}

/// What an event says, told by a callback or again.
std::string Facts(const Event& event) {
  return std::to_string(event.sequence) + " " + event.kind + " " + std::to_string(event.at);
}

class WholeSession : public ::testing::Test {
 protected:
  void Hear(const Event& event) {
    const std::lock_guard lock(mutex_);
    told_[event.sid].push_back(event);
  }

  std::vector<Event> Heard(const std::string& sid) {
    const std::lock_guard lock(mutex_);
    return told_[sid];
  }

  bool Exited(const std::string& sid) {
    const auto events = Heard(sid);
    return std::any_of(events.begin(), events.end(), [](const Event& event) {
      return std::holds_alternative<event::SessionExited>(event.details);
    });
  }

  examples::Receiver ReceiverOf(const Client& client, const char* secret) {
    return {Variable(secret), SequenceChecker(client), [this](const Event& event) { Hear(event); }};
  }

  void TheSameAsReplayed(const Client& client, const Recording& recording);

  const Client school = LiveClient("school");
  const Client college = LiveClient("college");

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<Event>> told_;
};

bool IsInProgress(const Recording& recording) {
  const auto queried = recording.Query();
  return queried && queried->server_response->status == Status::InProgress();
}

/// Everything that can be asked of a running recording.
void Controlled(const Client& client, const Recording& mix) {
  LayoutRequest layout;
  layout.mixed_video_layout = MixedVideoLayout::BestFit();
  layout.background_color = "#112233";
  const auto laid_out = mix.UpdateLayout(layout);
  ASSERT_TRUE(laid_out.ok()) << laid_out.error().message;
  EXPECT_EQ(laid_out->sid, mix.sid());
  UpdateRequest update;
  auto& subscribe = update.stream_subscribe.emplace();
  subscribe.audio_uid_list.emplace().subscribe_audio_uids = {"#allstream#"};
  subscribe.video_uid_list.emplace().subscribe_video_uids = {"#allstream#"};
  const auto updated = mix.Update(update);
  ASSERT_TRUE(updated.ok()) << updated.error().message;
  layout.background_color = "red";
  const auto refused = mix.UpdateLayout(layout);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(refused.error().pointer, "/clientRequest/backgroundColor");
  const auto again = client.Start(mix.id().recorder, mix.id().resource_id, Mode::Mix());
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->sid, mix.sid()) << "the same recording, not a second one";
  ListRequest request;
  request.room = kRoom;
  request.state = RecordingState::Recording();
  request.limit = 1;
  int listed = 0;
  for (const auto& recording : client.List(request)) {
    ASSERT_TRUE(recording.ok()) << recording.error().message;
    listed += recording->sid == mix.sid() ? 1 : 0;
  }
  EXPECT_EQ(listed, 1);
  const auto details = mix.Details();
  ASSERT_TRUE(details.ok()) << details.error().message;
  EXPECT_EQ(details->state, RecordingState::Recording());
  ASSERT_TRUE(details->live.has_value());
  EXPECT_EQ(details->live->participants, std::vector<std::int64_t>{7});
  EXPECT_GE(details->tracks.size(), 2U);
  const auto uploads = mix.Storage(Store());
  ASSERT_TRUE(uploads.ok()) << uploads.error().message;
  EXPECT_EQ(uploads->parked, 0);
  const auto plugins = client.Plugins();
  ASSERT_TRUE(plugins.ok()) << plugins.error().message;
  EXPECT_TRUE(std::any_of(plugins->plugins.begin(), plugins->plugins.end(),
                          [](const Plugin& plugin) { return plugin.name == "callback-agora"; }));
  EXPECT_EQ(LiveClient("school", "wrong").Plugins().error().kind, ErrorKind::kUnauthorized);
  EXPECT_EQ(LiveClient("college").Details(mix.sid()).error().kind, ErrorKind::kNotFound);
}

void Uploaded(const Result<Answer>& answer) {
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->server_response->uploading_status, UploadingStatus::Uploaded());
  EXPECT_GE(answer->server_response->file_list.size(), 2U);
  for (const auto& file : answer->server_response->file_list) {
    EXPECT_EQ(file.file_name.find("sdk/cpp/" + answer->sid), 0U) << file.file_name;
    Made(file.file_name);
  }
}

void WholeSession::TheSameAsReplayed(const Client& client, const Recording& recording) {
  std::vector<std::string> heard, replayed;
  for (const Event& event : Heard(recording.sid())) heard.push_back(Facts(event));
  EventsRequest request;
  request.limit = 3;
  std::optional<Event> last;
  for (const auto& told : client.Events(recording.sid(), request)) {
    ASSERT_TRUE(told.ok()) << told.error().message;
    last = *ToEvent(recording.sid(), *told);
    replayed.push_back(Facts(*last));
  }
  EXPECT_EQ(heard, replayed);
  ASSERT_TRUE(last.has_value());
  // What a receiver has lost is fetched, what it had already is dropped.
  SequenceChecker checker(client);
  const auto checked = checker.Check(*last);
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  EXPECT_EQ(checked->verdict, Verdict::kGap);
  EXPECT_EQ(checked->events.size(), heard.size());
  EXPECT_TRUE(checked->lost.empty());
  EXPECT_EQ(checker.Check(Heard(recording.sid()).at(0))->verdict, Verdict::kDuplicate);
}

TEST_F(WholeSession, FromRecordToTheLastCallback) {
  std::map<std::string, examples::Receiver> receivers;
  receivers.emplace("/agora", ReceiverOf(school, "CAPSTAN_SECRET_AGORA"));
  receivers.emplace("/webhook", ReceiverOf(college, "CAPSTAN_SECRET_WEBHOOK"));
  examples::CallbackServer server(std::stoi(Variable("CAPSTAN_CALLBACKS")), std::move(receivers));
  ASSERT_TRUE(server.listens());
  auto apart = AsyncClient(college).Record(kRoom, Apart());
  const auto mix = school.Record(kRoom, Mixed());
  ASSERT_TRUE(mix.ok()) << mix.error().message;
  const auto individual = apart.get();
  ASSERT_TRUE(individual.ok()) << individual.error().message;
  ASSERT_TRUE(Eventually([&] { return IsInProgress(*mix) && IsInProgress(*individual); }));
  ASSERT_NO_FATAL_FAILURE(Controlled(school, *mix));
  const auto refused = individual->UpdateLayout({});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 2) << "a layout is of mode mix";
  auto last = AsyncClient(college).Stop(individual->id());
  ASSERT_NO_FATAL_FAILURE(Uploaded(mix->Stop()));
  ASSERT_NO_FATAL_FAILURE(Uploaded(last.get()));
  EXPECT_EQ(mix->Query().error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE(Eventually([&] { return Exited(mix->sid()) && Exited(individual->sid()); }));
  ASSERT_NO_FATAL_FAILURE(TheSameAsReplayed(school, *mix));
  ASSERT_NO_FATAL_FAILURE(TheSameAsReplayed(college, *individual));
}

}  // namespace
}  // namespace capstan::testing
