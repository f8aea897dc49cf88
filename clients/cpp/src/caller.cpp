#include "caller.h"

#include <algorithm>
#include <cmath>

#include "base64.h"
#include "capstan/client.h"
#include "refusal.h"

namespace capstan::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// The documents ask for 3 and 6 seconds after code 65.
constexpr nanoseconds kAfterJitter = std::chrono::seconds(3);
constexpr int kNetworkJitter = 65;
/// Hiding a short word would make most texts unreadable, and tell nothing of a good secret.
constexpr std::size_t kLeastHidden = 8;

bool StartsWith(std::string_view text, std::string_view begin) {
  return text.substr(0, begin.size()) == begin;
}

bool IsBaseUrl(std::string_view url) {
  if (!StartsWith(url, "http://") && !StartsWith(url, "https://")) return false;
  const std::string_view rest = url.substr(url.find("//") + 2);
  const std::string_view host = rest.substr(0, rest.find('/'));
  const bool plain = url.find_first_of("?#@ \r\n\t") == std::string_view::npos;
  return !host.empty() && plain;
}

bool IsHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void ReplaceAll(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

nanoseconds Scaled(nanoseconds pause, double by) {
  return nanoseconds(static_cast<std::int64_t>(static_cast<double>(pause.count()) * by));
}

}  // namespace

Result<Caller> Caller::Make(ClientOptions options) {
  if (!options.base_url.empty() && options.base_url.back() == '/') options.base_url.pop_back();
  std::string wrong;
  if (!IsBaseUrl(options.base_url)) {
    wrong = "a base URL is http or https, a host and perhaps a path, without credentials";
  } else if (options.app.empty() || options.key.empty()) {
    wrong = "app and key are needed";
  } else if (options.key.find(':') != std::string::npos) {
    wrong = "a key has no colon";
  } else if (!IsHeaderText(options.user_agent)) {
    wrong = "a product in User-Agent is printable ASCII";
  } else if (options.attempt_timeout.count() <= 0 || options.call_timeout.count() <= 0) {
    wrong = "a time-out must be positive";
  } else if (options.retries.max_attempts < 1 || options.retries.first_pause.count() < 0 ||
             options.retries.longest_pause < options.retries.first_pause) {
    wrong = "attempts must be 1 or more, and pauses must not shrink";
  }
  if (!wrong.empty()) return MakeError(ErrorKind::kMisuse, "client options: " + wrong);
  if (!options.transport) options.transport = MakeCurlTransport();
  if (!options.time) options.time = MakeSystemTimekeeper();
  return Caller(std::move(options));
}

Caller::Caller(ClientOptions options)
    : options_(std::move(options)),
      credentials_(Base64Encode(options_.key + ":" + options_.secret)) {}

nanoseconds Caller::Deadline() const { return options_.time->Now() + options_.call_timeout; }

Result<Value> Caller::Make(const Call& call) const {
  const auto filled = call.endpoint.Fill(call.names);
  if (!filled) {
    return MakeError(ErrorKind::kMisuse,
                     std::string(call.endpoint.operation) + ": an id can't be a part of a path");
  }
  std::string path = *filled;
  if (options_.region && call.endpoint.regional()) {
    std::string region = options_.region->value();
    std::transform(region.begin(), region.end(), region.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    path = "/" + PercentEncode(region) + path;
  }
  TransportRequest request;
  request.method = call.endpoint.method;
  request.url = options_.base_url + path;
  for (std::size_t i = 0; i < call.query.size(); ++i) {
    const auto& [name, value] = call.query[i];
    request.url += (i == 0 ? "?" : "&") + PercentEncode(name) + "=" + PercentEncode(value);
  }
  request.body = call.body;
  const std::string product = options_.user_agent.empty() ? "" : options_.user_agent + " ";
  request.headers = {{"Authorization", "Basic " + credentials_},
                     {"Accept", "application/json"},
                     {"User-Agent", product + "capstan-cpp/" + Version()}};
  if (call.body) request.headers["Content-Type"] = "application/json;charset=utf-8";

  bool unanswered = false;
  for (int attempt = 1;; ++attempt) {
    const nanoseconds began = options_.time->Now();
    // Rounded up, so that a rest of less than a millisecond is no time-out for ever.
    const auto left = std::chrono::ceil<milliseconds>(call.deadline - began);
    if (left.count() <= 0) {
      Error error = MakeError(ErrorKind::kTimeout,
                              std::string(call.endpoint.operation) + ": the deadline has passed");
      error.retryable = true;
      error.may_have_happened = unanswered;
      return error;
    }
    request.timeout = std::min(left, options_.attempt_timeout);
    const Result<TransportResponse> sent = options_.transport->Send(request);
    Result<Value> result = Judge(call, sent);
    const int status = sent ? sent->status : 0;
    if (result) {
      Tell(call, path, attempt, began, status, result, std::nullopt);
      return result;
    }
    Error error = result.error();
    // A gateway may have lost the answer of the server behind it.
    unanswered |= sent ? status >= 500 && !error.code : error.kind != ErrorKind::kConnect;
    const auto pause = Pause(call, attempt, error);
    Tell(call, path, attempt, began, status, result, pause);
    if (!pause) {
      error.may_have_happened = unanswered;
      return error;
    }
    options_.time->Sleep(*pause);
  }
}

Result<Value> Caller::Judge(const Call& call, const Result<TransportResponse>& sent) const {
  const std::string operation = call.endpoint.operation;
  if (!sent) {
    Error error = sent.error();
    error.retryable = error.kind != ErrorKind::kTls && error.kind != ErrorKind::kMisuse;
    error.reason = Redact(error.reason);
    error.message = operation + ": no answer (" + ToString(error.kind) + "): " + error.reason;
    return error;
  }
  const bool started = &call.endpoint == &kStart && sent->status == 201;
  if (sent->status == 200 || started) {
    Value value = ParseJson(sent->body);
    // Started before, perhaps by an attempt whose answer got lost: there it is.
    if (value.is_object() && (!started || value.value("sid", Value()).is_string())) return value;
    if (!started) {
      return MakeError(ErrorKind::kBadAnswer, operation + ": HTTP 200 with a body that isn't JSON");
    }
  }
  return ToError(operation, *sent, options_.time->Today(),
                 [this](std::string words) { return Redact(std::move(words)); });
}

std::optional<nanoseconds> Caller::Pause(const Call& call, int attempt, const Error& error) const {
  const RetryPolicy& policy = options_.retries;
  if (!error.retryable || attempt >= policy.max_attempts) return std::nullopt;
  const double chance = options_.time->Chance();
  nanoseconds pause{0};
  if (error.code == kNetworkJitter) {
    // At least 3 s, then at least 6 s.
    pause = Scaled(kAfterJitter * std::min(attempt, 2), 1 + chance / 2);
  } else {
    const double doubled = static_cast<double>(nanoseconds(policy.first_pause).count()) *
                           std::pow(2, std::min(attempt - 1, 40));
    const double whole =
        std::min(doubled, static_cast<double>(nanoseconds(policy.longest_pause).count()));
    pause = nanoseconds(static_cast<std::int64_t>(whole * (0.5 + chance / 2)));
    if (error.retry_after) pause += *error.retry_after;
  }
  // Nobody waits for an attempt that can't be made any more.
  if (pause >= call.deadline - options_.time->Now()) return std::nullopt;
  return pause;
}

void Caller::Tell(const Call& call, const std::string& path, int attempt, nanoseconds began,
                  int status, const Result<Value>& result,
                  std::optional<nanoseconds> pause) const {
  if (!options_.log) return;
  LogEntry entry;
  entry.operation = call.endpoint.operation;
  entry.method = call.endpoint.method;
  entry.path = path;
  entry.attempt = attempt;
  entry.took = std::chrono::duration_cast<milliseconds>(options_.time->Now() - began);
  entry.status = status;
  if (!result) entry.failure = Redact(result.error().message);
  if (pause) entry.pause = std::chrono::duration_cast<milliseconds>(*pause);
  try {
    options_.log(entry);
  } catch (...) {
    // A log that fails harms no call.
  }
}

std::string Caller::Redact(std::string words) const {
  ReplaceAll(words, credentials_, "***");
  if (options_.secret.size() >= kLeastHidden) ReplaceAll(words, options_.secret, "***");
  return words;
}

}  // namespace capstan::internal

namespace capstan {

std::string ToString(const LogEntry& entry) {
  std::string line = entry.method + " " + entry.path + " #" + std::to_string(entry.attempt) +
                     " took " + std::to_string(entry.took.count()) + " ms: ";
  line += entry.failure.empty() ? "HTTP " + std::to_string(entry.status) : entry.failure;
  if (entry.pause) line += "; again in " + std::to_string(entry.pause->count()) + " ms";
  return line;
}

}  // namespace capstan
