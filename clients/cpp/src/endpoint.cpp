#include "endpoint.h"

#include <cstdio>

#define CAPSTAN_RESOURCE "/v1/apps/{appid}/cloud_recording/resourceid/{resourceid}"
#define CAPSTAN_RECORDING CAPSTAN_RESOURCE "/sid/{sid}/mode/{mode}"

namespace capstan::internal {

const Endpoint kAcquire{"acquire", "POST", "/v1/apps/{appid}/cloud_recording/acquire"};
const Endpoint kStart{"start", "POST", CAPSTAN_RESOURCE "/mode/{mode}/start"};
const Endpoint kQuery{"query", "GET", CAPSTAN_RECORDING "/query"};
const Endpoint kUpdate{"update", "POST", CAPSTAN_RECORDING "/update"};
const Endpoint kUpdateLayout{"updateLayout", "POST", CAPSTAN_RECORDING "/updateLayout"};
const Endpoint kStop{"stop", "POST", CAPSTAN_RECORDING "/stop"};
const Endpoint kList{"list", "GET", "/api/v1/recordings"};
const Endpoint kDetails{"recording", "GET", "/api/v1/recordings/{sid}"};
const Endpoint kEvents{"events", "GET", "/api/v1/recordings/{sid}/events"};
const Endpoint kStorage{"storage", "PUT", "/api/v1/recordings/{sid}/storage"};
const Endpoint kPlugins{"plugins", "GET", "/api/v1/plugins"};

std::vector<const Endpoint*> Endpoints() {
  return {&kAcquire, &kStart, &kQuery,  &kUpdate,  &kUpdateLayout, &kStop,
          &kList,    &kDetails, &kEvents, &kStorage, &kPlugins};
}

std::optional<std::string> Endpoint::Fill(const std::map<std::string, std::string>& values) const {
  std::string filled;
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto open = rest.find('{');
    filled += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = rest.find('}', open);
    const auto found = values.find(std::string(rest.substr(open + 1, close - open - 1)));
    // A name that walks through folders would reach another path.
    if (found == values.end() || found->second.empty() || found->second == "." ||
        found->second == "..") {
      return std::nullopt;
    }
    filled += PercentEncode(found->second);
    rest = rest.substr(close + 1);
  }
  return filled;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      char octet[4];
      std::snprintf(octet, sizeof octet, "%%%02X", static_cast<unsigned char>(c));
      encoded += octet;
    }
  }
  return encoded;
}

}  // namespace capstan::internal
