/// @file
/// Base64 (RFC 4648) with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace capstan::internal {

std::string Base64Encode(std::string_view bytes);

/// The bytes; nothing if the text isn't base64.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace capstan::internal
