#include "support.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "refusal.h"

namespace capstan::testing {

FakeServer& FakeServer::Answers(int status, std::string body,
                                std::map<std::string, std::string> headers) {
  script_.emplace_back(TransportResponse{status, std::move(headers), std::move(body)});
  return *this;
}

FakeServer& FakeServer::Fails(ErrorKind kind, std::string words) {
  script_.emplace_back(internal::MakeError(kind, std::move(words)));
  return *this;
}

ClientOptions FakeServer::Options() {
  ClientOptions options;
  options.base_url = "https://rec.example.com";
  options.app = "school";
  options.key = "key-of-school";
  options.secret = "secret-of-school";
  options.log = [this](const LogEntry& entry) { log.push_back(entry); };
  // Not owned: the fake outlives its clients.
  options.transport = std::shared_ptr<Transport>(std::shared_ptr<void>(), this);
  options.time = std::shared_ptr<Timekeeper>(std::shared_ptr<void>(), this);
  return options;
}

Result<TransportResponse> FakeServer::Send(const TransportRequest& request) {
  requests.push_back(request);
  if (script_.empty()) {
    ADD_FAILURE() << "not in the script: " << request.method << " " << request.url;
    return internal::MakeError(ErrorKind::kTls, "not in the script");
  }
  const auto next = std::move(script_.front());
  script_.pop_front();
  now_ += std::min(each_takes, request.timeout);
  if (const auto* response = std::get_if<TransportResponse>(&next)) return *response;
  return std::get<Error>(next);
}

void FakeServer::Sleep(std::chrono::nanoseconds pause) {
  pauses_.push_back(pause);
  now_ += pause;
}

std::string FakeServer::Line(std::size_t index) const {
  const TransportRequest& request = requests.at(index);
  return request.method + " " + request.url.substr(std::string("https://rec.example.com").size());
}

std::vector<std::int64_t> FakeServer::Pauses() const {
  std::vector<std::int64_t> millis;
  for (const auto pause : pauses_) {
    millis.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(pause).count());
  }
  return millis;
}

internal::Value Fixture(const std::string& name) {
  std::ifstream file(std::string(CAPSTAN_FIXTURES) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  auto value = internal::ParseJson(text.str());
  EXPECT_FALSE(value.is_discarded()) << name;
  return value;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  EXPECT_NE(value, nullptr) << name << " is not set: see tests/promises";
  return value == nullptr ? std::string() : value;
}

}  // namespace capstan::testing
