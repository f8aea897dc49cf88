#include <random>
#include <thread>

#include "capstan/recorder.h"
#include "capstan/transport.h"

namespace capstan {
namespace {

/// Not for secrets: chance that spreads pauses and uids.
std::mt19937_64& Chances() {
  thread_local std::mt19937_64 chances{std::random_device{}()};
  return chances;
}

class SystemTimekeeper : public Timekeeper {
 public:
  std::chrono::nanoseconds Now() override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
  std::chrono::system_clock::time_point Today() override {
    return std::chrono::system_clock::now();
  }
  void Sleep(std::chrono::nanoseconds pause) override { std::this_thread::sleep_for(pause); }
  double Chance() override {
    return std::uniform_real_distribution<double>(0, 1)(Chances());
  }
};

}  // namespace

std::shared_ptr<Timekeeper> MakeSystemTimekeeper() { return std::make_shared<SystemTimekeeper>(); }

Recorder Recorder::WithRandomUid(std::string room) {
  std::uniform_int_distribution<std::uint32_t> uids(3'000'000'000U, 4'294'967'295U);
  return Recorder{std::move(room), uids(Chances())};
}

}  // namespace capstan
