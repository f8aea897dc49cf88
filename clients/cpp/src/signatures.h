/// @file
/// The signatures of both kinds of callbacks.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "capstan/callbacks.h"

namespace capstan::internal {

/// Why a callback isn't believed; nothing if it is.
std::optional<Error> CheckSignature(std::string_view body, const Headers& headers,
                                    std::string_view secret,
                                    std::chrono::system_clock::time_point now);

}  // namespace capstan::internal
