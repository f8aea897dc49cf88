// What leaves: addresses, headers, bodies; what is told of failures; and that no key is told.

#include "base64.h"
#include "support.h"

namespace capstan::testing {
namespace {

class Requests : public ::testing::Test {
 protected:
  FakeServer server;
};

TEST_F(Requests, ARequestSaysWhoAsksForWhat) {
  server.Answers(200, R"({"resourceId":"res"})").Answers(200, R"({"sid":"s"})");
  auto options = server.Options();
  options.base_url = "https://rec.example.com/capstan/";
  options.region = Region::Eu();
  options.user_agent = "shop/2";
  RecordOptions record;
  record.uid = 4'294'967'295U;
  ASSERT_TRUE(Client::Make(options)->Record("a room", record).ok());
  const TransportRequest& first = server.requests.at(0);
  EXPECT_EQ(first.url, "https://rec.example.com/capstan/eu/v1/apps/school/cloud_recording/acquire");
  EXPECT_EQ(first.headers.at("User-Agent"), std::string("shop/2 capstan-cpp/") + Version());
  EXPECT_EQ(first.headers.at("Content-Type"), "application/json;charset=utf-8");
  EXPECT_EQ(internal::Base64Decode(first.headers.at("Authorization").substr(6)),
            "key-of-school:secret-of-school");
  EXPECT_EQ(*first.body, R"({"cname":"a room","uid":"4294967295","clientRequest":{}})");
}

TEST_F(Requests, CapstansOwnPathsHaveNoRegion) {
  server.Answers(200, R"({"plugins":[],"refused":[]})");
  auto options = server.Options();
  options.region = Region::Eu();
  EXPECT_TRUE(Client::Make(options)->Plugins().ok());
  EXPECT_EQ(server.Line(0), "GET /api/v1/plugins");
}

TEST_F(Requests, NamesCannotReachAnotherPath) {
  const Client client = server.Answers(404, "{}").MakeClient();
  EXPECT_EQ(client.Details("a/../b?c#d").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(server.Line(0), "GET /api/v1/recordings/a%2F..%2Fb%3Fc%23d");
  EXPECT_EQ(client.Details("..").error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(client.Details("").error().kind, ErrorKind::kMisuse);
}

TEST_F(Requests, PagesAreFetchedAsSomebodyComesToThem) {
  const auto entry = [](const std::string& sid) {
    return R"({"sid":")" + sid +
           R"(","app":"a","room":"r","recorderUid":1,"mode":"mix","state":"done","startedAt":1})";
  };
  server
      .Answers(200, R"({"recordings":[)" + entry("s1") + "," + entry("s2") + R"(],"next":"7-s2"})")
      .Answers(200, R"({"recordings":[)" + entry("s3") + "]}");
  ListRequest request;
  request.room = "r & r";
  request.limit = 2;
  std::vector<std::string> sids;
  for (const auto& recording : server.MakeClient().List(request)) {
    ASSERT_TRUE(recording.ok()) << recording.error().message;
    sids.push_back(recording->sid);
    if (sids.size() == 2) {
      EXPECT_EQ(server.requests.size(), 1U) << "not asked for yet";
    }
  }
  EXPECT_EQ(sids, (std::vector<std::string>{"s1", "s2", "s3"}));
  EXPECT_EQ(server.Line(0), "GET /api/v1/recordings?room=r%20%26%20r&limit=2");
  EXPECT_EQ(server.Line(1), "GET /api/v1/recordings?room=r%20%26%20r&limit=2&after=7-s2");
}

TEST_F(Requests, APageThatCannotBeFetchedIsOneErrorAndTheEnd) {
  server.Answers(400, R"({"type":"urn:capstan:problem:query","detail":"limit is 0"})");
  int results = 0;
  for (const auto& recording : server.MakeClient().List()) {
    EXPECT_EQ(recording.error().reason, "limit is 0");
    ++results;
  }
  EXPECT_EQ(results, 1);
}

TEST_F(Requests, ARefusalNamesItsField) {
  server.Answers(400,
                 R"({"code":2,"reason":"post method api body check failed!: )"
                 R"(/clientRequest/recordingConfig/maxIdleTime is 3; it must be 5 or more"})");
  const Error error = server.MakeClient().Record("r").error();
  EXPECT_EQ(error.kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(error.status, 400);
  EXPECT_EQ(error.code, 2);
  EXPECT_EQ(error.pointer, "/clientRequest/recordingConfig/maxIdleTime");
  EXPECT_EQ(error.message.find("acquire: HTTP 400, code 2: post method"), 0U) << error.message;
}

TEST_F(Requests, APathInARefusalIsNoField) {
  server.Answers(404,
                 R"({"code":404,"reason":"failed to find worker: it is over: )"
                 R"(/api/v1/recordings/s tells more"})");
  EXPECT_FALSE(server.MakeClient().Details("s").error().pointer.has_value());
}

TEST_F(Requests, AProblemDocumentIsRead) {
  server.Answers(400, R"({"type":"urn:capstan:problem:body","title":"Bad Request","status":400,)"
                      R"("detail":"/vendor is missing, and so are new keys"})");
  const Error error = server.MakeClient().Storage("s", {}).error();
  EXPECT_EQ(error.pointer, "/vendor");
  EXPECT_EQ(error.reason, "/vendor is missing, and so are new keys");
  EXPECT_FALSE(error.code.has_value());
}

TEST_F(Requests, AnAnswerOfSomebodyElseIsABadOne) {
  server.Answers(200, "<html>login</html>").Answers(200, "[1]");
  const Client client = server.MakeClient();
  EXPECT_EQ(client.Plugins().error().kind, ErrorKind::kBadAnswer);
  EXPECT_EQ(client.Plugins().error().kind, ErrorKind::kBadAnswer);
  server.Answers(200, R"({"resourceId":"r"})").Answers(200, R"({"cname":"r"})");
  EXPECT_EQ(client.Record("r").error().message, "the answer has no field sid");
  server.Answers(200, R"({"plugins":[{"name":"p"}],"refused":[]})");
  EXPECT_EQ(client.Plugins().error().kind, ErrorKind::kBadAnswer);
}

TEST_F(Requests, NoKeyIsEverTold) {
  const std::string encoded = internal::Base64Encode("key-of-school:secret-of-school");
  const std::string echo = "you sent secret-of-school and " + encoded;
  server.Answers(500, echo).Fails(ErrorKind::kBroken, echo).Answers(400, echo);
  StartRequest start;
  start.token = "token-of-room";
  start.storage_config.emplace();
  start.storage_config->secret_key = "sk-hidden";
  const auto refused = server.MakeClient().Start(Recorder{"r", 9}, "res", Mode::Mix(), start);
  ASSERT_EQ(server.log.size(), 3U);
  std::string told = refused.error().message + refused.error().reason;
  for (const LogEntry& entry : server.log) told += ToString(entry);
  for (const std::string& secret :
       {std::string("secret-of-school"), encoded, std::string("token-of-room"),
        std::string("sk-hidden")}) {
    EXPECT_EQ(told.find(secret), std::string::npos) << secret << " in " << told;
  }
  EXPECT_NE(server.requests.at(0).body->find("sk-hidden"), std::string::npos);
}

TEST_F(Requests, OptionsAreChecked) {
  for (const char* bad : {"https://me:pw@rec.example.com", "ftp://rec.example.com",
                          "rec.example.com", "https://rec.example.com?a=b", "https://"}) {
    auto options = server.Options();
    options.base_url = bad;
    EXPECT_EQ(Client::Make(options).error().kind, ErrorKind::kMisuse) << bad;
  }
  auto options = server.Options();
  options.user_agent = "two\r\nlines";
  EXPECT_EQ(Client::Make(options).error().kind, ErrorKind::kMisuse);
  options = server.Options();
  options.app.clear();
  EXPECT_EQ(Client::Make(options).error().kind, ErrorKind::kMisuse);
}

TEST_F(Requests, WhatIsNoJsonIsNotSent) {
  const Client client = server.MakeClient();
  AcquireRequest request;
  request.extra["x"] = Json{"{broken"};
  EXPECT_EQ(client.Acquire(Recorder{"r", 9}, request).error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(client.Acquire(Recorder{"\xff", 9}).error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(client.Acquire(Recorder{"r", 0}).error().kind, ErrorKind::kMisuse);
}

TEST_F(Requests, AFutureHasTheSameAnswer) {
  server.Answers(200, R"({"resourceId":"res"})");
  const AsyncClient client(server.MakeClient());
  EXPECT_EQ(client.Acquire(Recorder{"r", 9}).get()->resource_id, "res");
}

}  // namespace
}  // namespace capstan::testing
