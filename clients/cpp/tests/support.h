/// @file
/// An injected transport that answers by a script, and a clock that only pauses and answers move.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "capstan/capstan.h"
#include "codec.h"

namespace capstan::testing {

class FakeServer : public Transport, public Timekeeper {
 public:
  FakeServer& Answers(int status, std::string body, std::map<std::string, std::string> headers = {});
  FakeServer& Fails(ErrorKind kind, std::string words = "it broke");

  /// Options of a client that talks to it; it must outlive the client.
  ClientOptions Options();
  Client MakeClient() { return *Client::Make(Options()); }

  Result<TransportResponse> Send(const TransportRequest& request) override;
  std::chrono::nanoseconds Now() override { return now_; }
  std::chrono::system_clock::time_point Today() override {
    return std::chrono::system_clock::from_time_t(1'700'000'000);
  }
  void Sleep(std::chrono::nanoseconds pause) override;
  double Chance() override { return chance; }

  /// Whether all of the script was asked for.
  bool Done() const { return script_.empty(); }
  /// `GET /path`.
  std::string Line(std::size_t index) const;
  /// The pauses so far, in milliseconds.
  std::vector<std::int64_t> Pauses() const;

  std::vector<TransportRequest> requests;
  std::vector<LogEntry> log;
  std::chrono::milliseconds each_takes{10};
  double chance = 0.5;

 private:
  std::deque<std::variant<TransportResponse, Error>> script_;
  std::vector<std::chrono::nanoseconds> pauses_;
  std::chrono::nanoseconds now_{1'000};
};

/// A file that all clients' tests share.
internal::Value Fixture(const std::string& name);

/// What an environment variable says; the test fails if it is not set.
std::string Variable(const char* name);

}  // namespace capstan::testing
