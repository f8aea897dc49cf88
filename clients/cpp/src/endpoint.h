/// @file
/// The paths that this client calls, as the server's OpenAPI document spells them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace capstan::internal {

struct Endpoint {
  const char* operation;
  const char* method;
  const char* path;

  /// Whether a region may stand in front of the path.
  bool regional() const { return std::string_view(path).substr(0, 4) == "/v1/"; }
  /// The path with values in place of its names; nothing if one can't be a part of a path.
  std::optional<std::string> Fill(const std::map<std::string, std::string>& values) const;
};

extern const Endpoint kAcquire, kStart, kQuery, kUpdate, kUpdateLayout, kStop, kList, kDetails,
    kEvents, kStorage, kPlugins;

/// All of them.
std::vector<const Endpoint*> Endpoints();

/// Percent-encodes all that isn't unreserved (RFC 3986).
std::string PercentEncode(std::string_view text);

}  // namespace capstan::internal
