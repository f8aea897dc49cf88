/// @file
/// Makes calls: attempt after attempt until one deadline, each answer read and judged.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capstan/options.h"
#include "capstan/result.h"
#include "codec.h"
#include "endpoint.h"

namespace capstan::internal {

/// A call that is to be made.
struct Call {
  const Endpoint& endpoint;
  std::map<std::string, std::string> names;
  std::vector<std::pair<std::string, std::string>> query;
  std::optional<std::string> body;
  std::chrono::nanoseconds deadline{0};
};

class Caller {
 public:
  /// Checked options.
  static Result<Caller> Make(ClientOptions options);

  const ClientOptions& options() const { return options_; }
  /// When a call that begins now must be over.
  std::chrono::nanoseconds Deadline() const;
  /// The fields of an answer that isn't a refusal.
  Result<Value> Make(const Call& call) const;

 private:
  struct Attempt;

  explicit Caller(ClientOptions options);
  Result<Value> Judge(const Call& call, const Result<TransportResponse>& sent) const;
  /// The pause before another attempt; nothing if there is none.
  std::optional<std::chrono::nanoseconds> Pause(const Call& call, int attempt,
                                                const Error& error) const;
  void Tell(const Call& call, const std::string& path, int attempt, std::chrono::nanoseconds began,
            int status, const Result<Value>& result,
            std::optional<std::chrono::nanoseconds> pause) const;
  std::string Redact(std::string words) const;

  ClientOptions options_;
  std::string credentials_;
};

}  // namespace capstan::internal
