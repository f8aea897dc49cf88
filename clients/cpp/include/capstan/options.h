/// @file
/// How a client, its retries and its log are set up.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "capstan/requests.h"
#include "capstan/transport.h"

namespace capstan {

/// How often and after which pauses a call is tried again. All attempts of a call share one
/// deadline, `ClientOptions::call_timeout`.
///
/// Tried again is what can do no harm and may help: no answer, HTTP 408, 425, 429 and 5xx, and the
/// API's code 65. Half of each pause is chance; none is shorter than `Retry-After`.
struct RetryPolicy {
  /// 1 for never.
  int max_attempts = 8;
  /// The first pause, which doubles.
  std::chrono::milliseconds first_pause{200};
  /// The longest pause.
  std::chrono::milliseconds longest_pause{10'000};
};

/// One attempt of one call, for a log. It has no header and no body, and so no key.
struct LogEntry {
  /// `start`, say.
  std::string operation;
  std::string method;
  /// The path of the URL, without its query.
  std::string path;
  /// From 1.
  int attempt = 0;
  std::chrono::milliseconds took{0};
  /// The HTTP status; 0 if no answer came.
  int status = 0;
  /// What went wrong; empty if nothing did.
  std::string failure;
  /// After which pause the call is tried again; empty if this was its last attempt.
  std::optional<std::chrono::milliseconds> pause;
};

/// An entry as a line.
std::string ToString(const LogEntry& entry);

/// What a client is made with. App and key are needed, the rest has defaults.
struct ClientOptions {
  /// Where the server is: `https://record.example.com`, say, perhaps with a path.
  std::string base_url = "http://127.0.0.1:8080";
  /// The app's id.
  std::string app;
  /// The app's key, or the customer's id.
  std::string key;
  /// Its secret.
  std::string secret;
  /// Put in front of the paths of the recording API.
  std::optional<Region> region;
  /// How long one attempt may take. `stop` may take 20 s.
  std::chrono::milliseconds attempt_timeout{30'000};
  /// How long a call may take with all its attempts and pauses.
  std::chrono::milliseconds call_timeout{90'000};
  RetryPolicy retries;
  /// Is told of every attempt; never sees a key. It must be quick and safe for several threads.
  std::function<void(const LogEntry&)> log;
  /// Says who calls, in front of the client's own name in `User-Agent`.
  std::string user_agent;
  /// libcurl unless given.
  std::shared_ptr<Transport> transport;
  /// The machine's unless given.
  std::shared_ptr<Timekeeper> time;
};

/// How `Client::Record` records.
struct RecordOptions {
  Mode mode = Mode::Mix();
  /// The recorder's uid, which nobody in the room has; a random one unless given.
  std::optional<std::uint32_t> uid;
  /// What `acquire` is asked for.
  AcquireRequest acquire;
  /// What `start` is asked for.
  StartRequest start;
};

}  // namespace capstan
