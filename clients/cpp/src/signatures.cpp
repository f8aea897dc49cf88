#include "signatures.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

#include "base64.h"
#include "refusal.h"

namespace capstan::internal {
namespace {

constexpr std::string_view kStandard = "whsec_";
constexpr std::size_t kLeastKey = 24;
constexpr std::size_t kMostKey = 64;
/// How far the sender's clock, and the way here, may be off.
constexpr std::int64_t kToleranceSeconds = 5 * 60;
constexpr std::size_t kMostSignatures = 32;

Error Bad(std::string why) { return MakeError(ErrorKind::kBadSignature, std::move(why)); }

std::optional<std::string> Find(const Headers& headers, std::string_view name) {
  const auto same = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  for (const auto& [other, value] : headers) {
    if (other.size() == name.size() && std::equal(other.begin(), other.end(), name.begin(), same)) {
      return value;
    }
  }
  return std::nullopt;
}

std::string Mac(const EVP_MD* digest, std::string_view key, std::string_view data) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (HMAC(digest, key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(data.data()), data.size(), mac,
           &length) == nullptr) {
    // Nothing equals it.
    return {};
  }
  return std::string(reinterpret_cast<const char*>(mac), length);
}

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto octet = static_cast<unsigned char>(c);
    hex += kDigits[octet >> 4];
    hex += kDigits[octet & 15];
  }
  return hex;
}

/// Takes the same time wherever the first difference is.
bool Same(const std::string& expected, std::string_view given) {
  return !expected.empty() && expected.size() == given.size() &&
         CRYPTO_memcmp(expected.data(), given.data(), expected.size()) == 0;
}

std::vector<std::string_view> Words(std::string_view text, std::size_t most) {
  std::vector<std::string_view> words;
  while (!text.empty() && words.size() < most) {
    const auto end = text.find(' ');
    if (end != 0) words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

/// HMAC over the body, in lower-case hex. Where both versions are there, both must be right.
std::optional<Error> CheckAgora(std::string_view body, const Headers& headers,
                                std::string_view secret) {
  const auto first = Find(headers, "Agora-Signature");
  const auto second = Find(headers, "Agora-Signature-V2");
  if (!first && !second) return Bad("neither Agora-Signature nor Agora-Signature-V2");
  bool right = true;
  if (first) right &= Same(Hex(Mac(EVP_sha1(), secret, body)), *first);
  if (second) right &= Same(Hex(Mac(EVP_sha256(), secret, body)), *second);
  if (!right) return Bad("the signature isn't one of this body and secret");
  return std::nullopt;
}

std::optional<std::string> KeyOf(std::string_view secret) {
  if (secret.substr(0, kStandard.size()) != kStandard) return std::nullopt;
  auto key = Base64Decode(secret.substr(kStandard.size()));
  if (key && (key->size() < kLeastKey || key->size() > kMostKey)) return std::nullopt;
  return key;
}

std::optional<Error> CheckTime(const std::string& timestamp,
                               std::chrono::system_clock::time_point now) {
  std::int64_t at = 0;
  const auto end = timestamp.data() + timestamp.size();
  const auto read = std::from_chars(timestamp.data(), end, at);
  if (read.ec != std::errc() || read.ptr != end) {
    return Bad("webhook-timestamp isn't a Unix second");
  }
  const std::int64_t seconds = std::chrono::system_clock::to_time_t(now);
  if (at < seconds - kToleranceSeconds || at > seconds + kToleranceSeconds) {
    return Bad("webhook-timestamp is more than 5 minutes off");
  }
  return std::nullopt;
}

/// HMAC-SHA256 over id, time and body; any of the signatures with any of the keys.
std::optional<Error> CheckStandard(std::string_view body, const Headers& headers,
                                   std::string_view secrets,
                                   std::chrono::system_clock::time_point now) {
  std::vector<std::string> keys;
  for (const auto secret : Words(secrets, kMostSignatures)) {
    const auto key = KeyOf(secret);
    if (!key) {
      return MakeError(ErrorKind::kMisuse,
                       "a secret of Standard Webhooks is whsec_ and 24 to 64 bytes in base64");
    }
    keys.push_back(*key);
  }
  const auto id = Find(headers, "webhook-id");
  const auto timestamp = Find(headers, "webhook-timestamp");
  const auto given = Find(headers, "webhook-signature");
  if (!id || id->empty() || !timestamp || timestamp->empty() || !given || given->empty()) {
    return Bad("no webhook-id, webhook-timestamp or webhook-signature");
  }
  std::string data = *id + "." + *timestamp + ".";
  data += body;
  bool right = false;
  for (const std::string& key : keys) {
    const std::string expected = "v1," + Base64Encode(Mac(EVP_sha256(), key, data));
    for (const auto signature : Words(*given, kMostSignatures)) {
      right |= Same(expected, signature);
    }
  }
  if (!right) return Bad("the signature isn't one of this body and secret");
  return CheckTime(*timestamp, now);
}

}  // namespace

std::optional<Error> CheckSignature(std::string_view body, const Headers& headers,
                                    std::string_view secret,
                                    std::chrono::system_clock::time_point now) {
  if (secret.empty()) return MakeError(ErrorKind::kMisuse, "an empty secret proves nothing");
  return secret.substr(0, kStandard.size()) == kStandard
             ? CheckStandard(body, headers, secret, now)
             : CheckAgora(body, headers, secret);
}

}  // namespace capstan::internal
