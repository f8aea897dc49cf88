// Signatures by the cases that all clients share; events by their numbers.

#include "support.h"

namespace capstan::testing {
namespace {

Headers HeadersOf(const internal::Value& given) {
  Headers headers;
  for (const auto& [name, value] : given.at("headers").items()) {
    headers[name] = value.get<std::string>();
  }
  return headers;
}

TEST(Callbacks, EveryGoldenCaseIsJudgedRightly) {
  int judged = 0;
  for (const auto& given : Fixture("signatures.json")) {
    const auto now = std::chrono::system_clock::from_time_t(given.at("now").get<std::time_t>());
    const auto event = Verify(given.at("body").get<std::string>(), HeadersOf(given),
                              given.at("secret").get<std::string>(), now);
    // Signed rightly, and perhaps no event of a recording.
    const bool valid = event.ok() || event.error().kind == ErrorKind::kBadAnswer;
    if (!valid) {
      EXPECT_EQ(event.error().kind, ErrorKind::kBadSignature);
    }
    EXPECT_EQ(valid, given.at("valid").get<bool>()) << given.at("what");
    ++judged;
  }
  EXPECT_EQ(judged, 30);
}

TEST(Callbacks, SecretsThatProveNothingAreRefused) {
  const Headers headers = {
      {"webhook-id", "a"}, {"webhook-timestamp", "1"}, {"webhook-signature", "v1,a"}};
  for (const char* bad : {"", "whsec_", "whsec_AAAA", "whsec_!!!!"}) {
    EXPECT_EQ(Verify("", headers, bad).error().kind, ErrorKind::kMisuse) << bad;
  }
}

TEST(Callbacks, EventsAreTyped) {
  std::vector<Event> events;
  for (const auto& given : Fixture("signatures.json")) {
    const auto what = given.at("what").get<std::string>();
    if (what.find("an event of a recording") == 0 || what == "an event as a webhook") {
      const auto event = ReadEvent(given.at("body").get<std::string>());
      ASSERT_TRUE(event.ok()) << event.error().message;
      events.push_back(*event);
    }
  }
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, 31);
  EXPECT_EQ(events[0].room, "room \"\u00e4\"");
  EXPECT_EQ(events[0].recorder_uid, 527'841);
  EXPECT_EQ(events[0].sequence, 7);
  const auto& uploaded = std::get<event::Uploaded>(events[0].details);
  EXPECT_EQ(uploaded.file_list.at(0).file_name, "a/s_r.m3u8");
  EXPECT_EQ(uploaded.extra.at("newField").text, R"({"x":[1,2.5]})");
  EXPECT_EQ(events[1].kind, "uploading_progress");
  EXPECT_EQ(events[1].type, 33);
  EXPECT_EQ(events[1].app, "demo");
  EXPECT_EQ(events[1].at, 1'667'507'170'344);
  EXPECT_EQ(std::get<event::Progress>(events[1].details).progress, 10'000);
}

TEST(Callbacks, WhatIsNoEventIsABadAnswer) {
  for (const char* bad :
       {"{}", "[]", "no", R"({"payload":{}})",
        R"({"type":"recording.uploaded","timestamp":"yesterday","data":{}})"}) {
    EXPECT_EQ(ReadEvent(bad).error().kind, ErrorKind::kBadAnswer) << bad;
  }
}

TEST(Callbacks, AnEventOfANewerServerIsKept) {
  ReplayedEvent replayed;
  replayed.kind = "of_a_newer_server";
  replayed.details = Json{R"({"a":1})"};
  const auto event = ToEvent("s", replayed);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(std::get<event::Other>(event->details).extra.at("a").text, "1");
  EXPECT_FALSE(event->type.has_value());
}

}  // namespace
}  // namespace capstan::testing
