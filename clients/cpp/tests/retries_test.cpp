// What is tried again, when, and how often; and that nothing is done twice.

#include "support.h"

namespace capstan::testing {
namespace {

using Millis = std::vector<std::int64_t>;

const std::string kAcquired = R"({"cname":"r","uid":"9","resourceId":"res"})";
const std::string kStarted = R"({"cname":"r","uid":"9","resourceId":"res","sid":"s1"})";
const std::string kStartedBefore =
    R"({"cname":"r","uid":"9","resourceId":"res","sid":"s1","code":7,"reason":"already started",)"
    R"("message":"already started"})";

RecordingId Id() { return RecordingId{Recorder{"r", 9}, Mode::Mix(), "res", "s1"}; }

class Retries : public ::testing::Test {
 protected:
  Result<Answer> Start() {
    return server.MakeClient().Start(Recorder{"r", 9}, "res", Mode::Mix());
  }

  FakeServer server;
};

TEST_F(Retries, ALostAnswerToStartIsFoundAgain) {
  server.Answers(200, kAcquired).Fails(ErrorKind::kBroken).Answers(201, kStartedBefore);
  RecordOptions options;
  options.uid = 9;
  const auto recording = server.MakeClient().Record("r", options);
  ASSERT_TRUE(recording.ok());
  EXPECT_EQ(recording->sid(), "s1");
  EXPECT_TRUE(server.Done());
  EXPECT_EQ(server.Line(2), "POST /v1/apps/school/cloud_recording/resourceid/res/mode/mix/start");
  EXPECT_EQ(server.Line(1), server.Line(2)) << "no second resource id was acquired";
}

TEST_F(Retries, AStartThatStaysUnansweredSaysHowToFindItAgain) {
  server.Answers(200, kAcquired);
  for (int i = 0; i < 8; ++i) server.Fails(ErrorKind::kTimeout);
  server.Answers(201, kStartedBefore);
  const Client client = server.MakeClient();
  const auto lost = client.Record("r");
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().kind, ErrorKind::kTimeout);
  ASSERT_TRUE(lost.error().unanswered_start.has_value());
  const UnansweredStart& start = *lost.error().unanswered_start;
  EXPECT_EQ(client.Start(start.recorder, start.resource_id, start.mode)->sid, "s1");
}

TEST_F(Retries, AStartThatWasNeverSentIsNoUnansweredOne) {
  server.Answers(200, kAcquired).Fails(ErrorKind::kConnect);
  auto options = server.Options();
  options.retries.max_attempts = 1;
  const auto failed = Client::Make(options)->Record("r");
  EXPECT_EQ(failed.error().kind, ErrorKind::kConnect);
  EXPECT_FALSE(failed.error().may_have_happened);
  EXPECT_FALSE(failed.error().unanswered_start.has_value());
}

TEST_F(Retries, AnAlreadyStartedWithoutItsSidIsAConflict) {
  server.Answers(201, R"({"code":7,"reason":"already started"})");
  EXPECT_EQ(Start().error().kind, ErrorKind::kConflict);
}

TEST_F(Retries, ALostAnswerToStopIsReadFromTheRecording) {
  const std::string details =
      R"({"sid":"s1","app":"school","room":"r","recorderUid":9,"mode":"mix","state":"done",)"
      R"("startedAt":1,"endedAt":2,"storage":"store","prefix":"","files":[{"fileName":"s1_r.m3u8"}],)"
      R"("uploads":{"owed":0,"parked":0,"backedUp":0,"bytes":1,"bytesUploaded":1,"waiting":[]},)"
      R"("tracks":[],"troubles":[],"events":1,"eventsOwed":0})";
  for (const auto& [status, refusal] : std::vector<std::pair<int, std::string>>{
           {400, R"({"code":49,"reason":"invalid operation"})"},
           {404, R"({"code":404,"reason":"failed to find worker"})"}}) {
    FakeServer fake;
    fake.Fails(ErrorKind::kBroken).Answers(status, refusal).Answers(200, details);
    const auto stopped = fake.MakeClient().Stop(Id());
    ASSERT_TRUE(stopped.ok()) << stopped.error().message;
    EXPECT_EQ(stopped->server_response->uploading_status, UploadingStatus::Uploaded());
    EXPECT_EQ(stopped->server_response->file_list.at(0).file_name, "s1_r.m3u8");
    EXPECT_EQ(fake.Line(2), "GET /api/v1/recordings/s1");
  }
}

TEST_F(Retries, AStopOfSomethingElseStaysARefusal) {
  server.Answers(404, R"({"code":404,"reason":"failed to find worker"})");
  EXPECT_EQ(server.MakeClient().Stop(Id()).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(server.requests.size(), 1U);
}

TEST_F(Retries, TooManyRequestsWaitAtLeastAsLongAsAsked) {
  server.Answers(429, R"({"message":"API rate limit exceeded"})", {{"retry-after", "2"}})
      .Answers(200, kStarted);
  EXPECT_EQ(Start()->sid, "s1");
  // 2 s, and 200 ms of which half is chance.
  EXPECT_EQ(server.Pauses(), Millis{2'150});
}

TEST_F(Retries, RetryAfterMayBeADate) {
  // The fake's day is Tue, 14 Nov 2023 22:13:20 GMT.
  server.Answers(503, "", {{"retry-after", "Tue, 14 Nov 2023 22:13:25 GMT"}})
      .Answers(200, kStarted);
  EXPECT_EQ(Start()->sid, "s1");
  EXPECT_EQ(server.Pauses(), Millis{5'150});
}

TEST_F(Retries, Code65WaitsThreeThenSixSeconds) {
  const std::string jitter = R"({"code":65,"reason":"request not completed"})";
  server.Answers(206, jitter).Answers(206, jitter).Answers(200, kStarted);
  EXPECT_EQ(Start()->sid, "s1");
  EXPECT_EQ(server.Pauses(), (Millis{3'750, 7'500}));
}

TEST_F(Retries, ServerErrorsAndGatewaysAreTriedAgainWithGrowingPauses) {
  server.Answers(500, R"({"code":501,"reason":"no_worker_manager_available"})")
      .Answers(502, "<html>bad gateway</html>")
      .Answers(503, "")
      .Fails(ErrorKind::kConnect)
      .Answers(200, kStarted);
  EXPECT_EQ(Start()->sid, "s1");
  EXPECT_EQ(server.Pauses(), (Millis{150, 300, 600, 1200}));
}

TEST_F(Retries, HalfOfAPauseIsChance) {
  for (const auto& [chance, pause] : std::vector<std::pair<double, std::int64_t>>{
           {0.0, 100}, {0.999'999, 199}}) {
    FakeServer fake;
    fake.chance = chance;
    fake.Answers(500, "{}").Answers(200, kAcquired);
    EXPECT_TRUE(fake.MakeClient().Acquire(Recorder{"r", 9}).ok());
    EXPECT_EQ(fake.Pauses(), Millis{pause});
  }
}

TEST_F(Retries, RefusalsAreNotTriedAgain) {
  for (const int status : {400, 401, 404, 409, 501}) {
    FakeServer fake;
    fake.Answers(status, R"({"message":"no"})");
    EXPECT_FALSE(fake.MakeClient().Plugins().error().retryable);
    EXPECT_EQ(fake.requests.size(), 1U) << "HTTP " << status;
  }
  server.Answers(500, R"({"code":2,"reason":"post method api body check failed!"})");
  EXPECT_EQ(Start().error().kind, ErrorKind::kInvalidRequest);
}

TEST_F(Retries, AnUntrustedCertificateIsNotTriedAgain) {
  server.Fails(ErrorKind::kTls, "SSL certificate problem");
  EXPECT_EQ(Start().error().kind, ErrorKind::kTls);
}

TEST_F(Retries, OneDeadlineBoundsAllAttempts) {
  for (int i = 0; i < 20; ++i) server.Fails(ErrorKind::kTimeout);
  server.each_takes = std::chrono::seconds(30);
  auto options = server.Options();
  options.call_timeout = std::chrono::seconds(65);
  EXPECT_EQ(Client::Make(options)->Plugins().error().kind, ErrorKind::kTimeout);
  Millis timeouts;
  for (const auto& request : server.requests) timeouts.push_back(request.timeout.count());
  // The third attempt has what two attempts of 30 s and two pauses have left.
  EXPECT_EQ(timeouts, (Millis{30'000, 30'000, 4'550}));
}

TEST_F(Retries, NobodyWaitsForAnAttemptThatCannotBeMade) {
  server.Answers(429, "{}", {{"retry-after", "60"}});
  auto options = server.Options();
  options.call_timeout = std::chrono::seconds(30);
  const auto refused = Client::Make(options)->Plugins();
  EXPECT_EQ(refused.error().kind, ErrorKind::kTooManyRequests);
  EXPECT_EQ(refused.error().retry_after, std::chrono::seconds(60));
  EXPECT_EQ(server.Pauses(), Millis{});
}

TEST_F(Retries, AttemptsAreBounded) {
  for (int i = 0; i < 3; ++i) server.Answers(503, "");
  auto options = server.Options();
  options.retries.max_attempts = 3;
  EXPECT_EQ(Client::Make(options)->Plugins().error().kind, ErrorKind::kServerError);
  EXPECT_EQ(server.requests.size(), 3U);
}

TEST_F(Retries, WhatATransportThrowsIsAnError) {
  class Thrower : public Transport {
    Result<TransportResponse> Send(const TransportRequest&) override {
      throw std::runtime_error("out of order");
    }
  };
  auto options = server.Options();
  options.transport = std::make_shared<Thrower>();
  const auto failed = Client::Make(options)->Plugins();
  EXPECT_EQ(failed.error().message, "thrown: out of order");
}

}  // namespace
}  // namespace capstan::testing
