#include "refusal.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "codec.h"
#include "fields_answers.h"

namespace capstan::internal {
namespace {

constexpr std::size_t kMaxShown = 300;
constexpr int kNetworkJitter = 65;

bool Among(int number, std::initializer_list<int> numbers) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

ErrorKind KindOf(int status, int code) {
  if (Among(code, {2, 8, 400, 401, 405, 1013, 1028})) return ErrorKind::kInvalidRequest;
  if (Among(code, {7, 49, 53})) return ErrorKind::kConflict;
  if (code == 50) return ErrorKind::kUploadsPending;
  if (code == 404) return ErrorKind::kNotFound;
  if (code == 406) return ErrorKind::kOverloaded;
  if (Among(code, {432, 433, 1001, 1003})) return ErrorKind::kBadResource;
  if (code == 435) return ErrorKind::kNothingRecorded;
  if (Among(status, {400, 413, 415, 422})) return ErrorKind::kInvalidRequest;
  if (status == 401) return ErrorKind::kUnauthorized;
  if (status == 404) return ErrorKind::kNotFound;
  if (status == 409) return ErrorKind::kConflict;
  if (status == 429) return ErrorKind::kTooManyRequests;
  return status >= 500 ? ErrorKind::kServerError : ErrorKind::kRefused;
}

bool Retryable(int status, int code) {
  // Some servers told wrong parameters with status 500.
  const bool failed = status >= 500 && status != 501 && status != 505 && code != 2;
  return failed || code == kNetworkJitter || Among(status, {408, 425, 429});
}

/// A pointer stands where a sentence about a field begins.
std::optional<std::string> PointerIn(const std::string& reason) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view kMore = "0123456789_~/-";
  for (std::size_t at = reason.find('/'); at != std::string::npos;
       at = reason.find('/', at + 1)) {
    const bool begins = at == 0 || (at >= 2 && reason[at - 1] == ' ' &&
                                    (reason[at - 2] == ':' || reason[at - 2] == ';'));
    std::size_t end = at + 1;
    while (end < reason.size() && (kLetters.find(reason[end]) != std::string_view::npos ||
                                   (end > at + 1 &&
                                    kMore.find(reason[end]) != std::string_view::npos))) {
      ++end;
    }
    if (begins && end > at + 1) return reason.substr(at, end - at);
  }
  return std::nullopt;
}

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// `Retry-After`: seconds, or a date.
std::optional<std::chrono::milliseconds> Wait(const std::string& value,
                                              std::chrono::system_clock::time_point now) {
  std::int64_t seconds = 0;
  const auto end = value.data() + value.size();
  constexpr std::int64_t kMost = 1'000'000'000;
  if (!value.empty() && std::from_chars(value.data(), end, seconds).ptr == end) {
    if (seconds < 0) return std::nullopt;
    return std::chrono::seconds(std::min(seconds, kMost));
  }
  const std::time_t date = curl_getdate(value.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::from_time_t(date) - now);
  return std::max(wait, std::chrono::milliseconds(0));
}

}  // namespace

Error MakeError(ErrorKind kind, std::string message) {
  Error error;
  error.kind = kind;
  error.reason = message;
  error.message = std::move(message);
  return error;
}

Error ToError(const std::string& operation, const TransportResponse& response,
              std::chrono::system_clock::time_point now,
              const std::function<std::string(std::string)>& redact) {
  Error error;
  error.status = response.status;
  const std::string text = redact(response.body);
  if (Value value = ParseJson(text); value.is_object()) {
    Decoder decoder;
    auto body = decoder.Decode<ErrorBody>(value);
    // A refusal whose fields are of the wrong type is still a refusal.
    if (decoder.wrong().empty()) error.body = std::move(body);
  }
  const ErrorBody& body = error.body;
  if (body.code) error.code = static_cast<int>(*body.code);
  const std::string shown =
      text.size() > kMaxShown ? text.substr(0, kMaxShown) + "..." : text;
  error.reason = body.reason    ? *body.reason
                 : body.message ? *body.message
                                : body.detail.value_or(shown);
  const int code = error.code.value_or(0);
  error.kind = KindOf(response.status, code);
  error.retryable = Retryable(response.status, code);
  if (Among(code, {2, 8, 1013, 1028}) || EndsWith(body.type.value_or(""), ":body")) {
    error.pointer = PointerIn(error.reason);
  }
  if (const auto wait = response.headers.find("retry-after"); wait != response.headers.end()) {
    error.retry_after = Wait(wait->second, now);
  }
  error.message = operation + ": HTTP " + std::to_string(response.status) +
                  (error.code ? ", code " + std::to_string(code) : "") + ": " + error.reason;
  return error;
}

}  // namespace capstan::internal

namespace capstan {

const char* ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kConnect: return "connect";
    case ErrorKind::kTimeout: return "timeout";
    case ErrorKind::kBroken: return "broken";
    case ErrorKind::kTls: return "tls";
    case ErrorKind::kBadAnswer: return "bad answer";
    case ErrorKind::kUnauthorized: return "unauthorized";
    case ErrorKind::kTooManyRequests: return "too many requests";
    case ErrorKind::kInvalidRequest: return "invalid request";
    case ErrorKind::kBadResource: return "bad resource";
    case ErrorKind::kNotFound: return "not found";
    case ErrorKind::kConflict: return "conflict";
    case ErrorKind::kOverloaded: return "overloaded";
    case ErrorKind::kNothingRecorded: return "nothing recorded";
    case ErrorKind::kUploadsPending: return "uploads pending";
    case ErrorKind::kServerError: return "server error";
    case ErrorKind::kRefused: return "refused";
    case ErrorKind::kBadSignature: return "bad signature";
    case ErrorKind::kMisuse: return "misuse";
  }
  return "unknown";
}

}  // namespace capstan
