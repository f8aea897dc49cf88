// Duplicates and gaps are named, and what is missing is fetched.

#include "support.h"

namespace capstan::testing {
namespace {

Event Numbered(const std::string& sid, std::int64_t number) {
  Event event;
  event.sid = sid;
  event.sequence = number;
  return event;
}

std::vector<std::int64_t> Numbers(const Result<Checked>& checked) {
  std::vector<std::int64_t> numbers;
  for (const Event& event : checked->events) numbers.push_back(event.sequence);
  return numbers;
}

using List = std::vector<std::int64_t>;

class Sequence : public ::testing::Test {
 protected:
  std::vector<std::string> asked;
  SequenceChecker checker{SequenceChecker::Replay(
      [this](const std::string& sid, std::int64_t after, std::int64_t before) {
        asked.push_back(sid + " " + std::to_string(after) + " " + std::to_string(before));
        std::vector<Event> events;
        // Number 3 is remembered by nobody.
        for (auto number = after + 1; number < before; ++number) {
          if (number != 3) events.push_back(Numbered(sid, number));
        }
        return Result<std::vector<Event>>(events);
      })};
};

TEST_F(Sequence, EventsInTheirOrderAreNext) {
  for (std::int64_t number = 0; number < 3; ++number) {
    const auto checked = checker.Check(Numbered("s", number));
    EXPECT_EQ(checked->verdict, Verdict::kNext);
    EXPECT_EQ(Numbers(checked), List{number});
  }
  EXPECT_TRUE(asked.empty());
}

TEST_F(Sequence, WhatCameBeforeIsADuplicate) {
  (void)checker.Check(Numbered("s", 0));
  const auto again = checker.Check(Numbered("s", 0));
  EXPECT_EQ(again->verdict, Verdict::kDuplicate);
  EXPECT_TRUE(again->events.empty());
  EXPECT_EQ(checker.Check(Numbered("t", 0))->verdict, Verdict::kNext);
}

TEST_F(Sequence, AGapIsFilledAndWhatIsLostIsNamed) {
  (void)checker.Check(Numbered("s", 0));
  const auto checked = checker.Check(Numbered("s", 5));
  EXPECT_EQ(checked->verdict, Verdict::kGap);
  EXPECT_EQ(asked, std::vector<std::string>{"s 0 5"});
  EXPECT_EQ(Numbers(checked), (List{1, 2, 4, 5}));
  EXPECT_EQ(checked->lost, List{3});
  EXPECT_EQ(checker.Check(Numbered("s", 4))->verdict, Verdict::kDuplicate);
  EXPECT_EQ(checker.Check(Numbered("s", 6))->verdict, Verdict::kNext);
}

TEST_F(Sequence, WhoComesLateIsGivenWhatWasBefore) {
  EXPECT_EQ(Numbers(checker.Check(Numbered("s", 2))), (List{0, 1, 2}));
  checker.Resume("t", 1);
  EXPECT_EQ(checker.Check(Numbered("t", 2))->verdict, Verdict::kNext);
  EXPECT_FALSE(checker.Check(Numbered("u", 1'000'000)).ok());
}

TEST_F(Sequence, AfterAFailedFetchNothingIsRemembered) {
  SequenceChecker failing(SequenceChecker::Replay(
      [](const std::string&, std::int64_t, std::int64_t) -> Result<std::vector<Event>> {
        return Error{};
      }));
  EXPECT_FALSE(failing.Check(Numbered("s", 1)).ok());
  EXPECT_EQ(failing.Check(Numbered("s", 0))->verdict, Verdict::kNext);
}

}  // namespace
}  // namespace capstan::testing
