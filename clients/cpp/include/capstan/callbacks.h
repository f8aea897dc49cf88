/// @file
/// Checks who sent a callback, reads it, and holds it against those before it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capstan/client.h"
#include "capstan/events.h"
#include "capstan/result.h"

namespace capstan {

/// Headers of a callback, by names in any case.
using Headers = std::map<std::string, std::string>;

/// Checks a callback's signature, in constant time, and reads it.
///
/// A secret that begins with `whsec_` is one of Standard Webhooks (plugin `callback-webhook`);
/// several, separated by blanks, are taken while they change. Any other secret is one of Agora's
/// notification service (plugin `callback-agora`). The secret decides, never the callback.
///
/// @param body the bytes as they came: JSON that was read and written again has another signature
/// @param now the time against which a callback's own is held
/// @return `kBadSignature` if it isn't signed with the secret, `kBadAnswer` if it is and isn't an
///   event, `kMisuse` if the secret isn't one
Result<Event> Verify(std::string_view body, const Headers& headers, std::string_view secret,
                     std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

/// Reads a callback without checking who sent it: only for what was checked before.
Result<Event> ReadEvent(std::string_view body);

/// How an event stands to those before it.
enum class Verdict {
  /// The one that was due.
  kNext,
  /// It came before.
  kDuplicate,
  /// Others should have come before it.
  kGap,
};

/// A checked event.
struct Checked {
  Verdict verdict = Verdict::kNext;
  /// What to handle now, in order: nothing, the event, or what was missing and the event.
  std::vector<Event> events;
  /// Numbers of events that the server doesn't remember any more.
  std::vector<std::int64_t> lost;
};

/// Holds each recording's events against their numbers: names what came twice, and fetches what
/// didn't come. Safe for several threads.
///
/// It remembers the last number of each recording, of the 10000 that were told of last. After a
/// restart, `Resume` what you had handled, or be ready to be given earlier events again.
class SequenceChecker {
 public:
  /// Tells a recording's events with numbers above `after` and below `before` again.
  using Replay = std::function<Result<std::vector<Event>>(
      const std::string& sid, std::int64_t after, std::int64_t before)>;

  /// A checker that fetches with this client.
  explicit SequenceChecker(Client client);
  /// A checker that fetches from elsewhere.
  explicit SequenceChecker(Replay replay);
  ~SequenceChecker();
  SequenceChecker(SequenceChecker&&) noexcept;
  SequenceChecker& operator=(SequenceChecker&&) noexcept;

  /// Goes on behind event number `last` of a recording.
  void Resume(const std::string& sid, std::int64_t last);

  /// Checks an event and remembers it. If fetching fails nothing is remembered: answer the callback
  /// with 503, and it comes again.
  Result<Checked> Check(const Event& event);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace capstan
