/// @file
/// What an answer that isn't a success means.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "capstan/error.h"
#include "capstan/transport.h"

namespace capstan::internal {

/// The error that an answer tells. `redact` hides secrets in words from elsewhere.
Error ToError(const std::string& operation, const TransportResponse& response,
              std::chrono::system_clock::time_point now,
              const std::function<std::string(std::string)>& redact);

/// An error of the client's own.
Error MakeError(ErrorKind kind, std::string message);

}  // namespace capstan::internal
