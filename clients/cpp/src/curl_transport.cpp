#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <string_view>
#include <vector>

#include "capstan/transport.h"
#include "refusal.h"

namespace capstan {
namespace {

constexpr std::size_t kMaxBody = std::size_t{16} << 20;
constexpr std::size_t kMaxHeaders = 1000;
constexpr std::size_t kMaxIdle = 8;
constexpr long kConnectTimeoutMs = 10'000;

void StartCurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

std::size_t TakeBody(char* bytes, std::size_t, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  // Fewer bytes than given: libcurl breaks the transfer off.
  if (body.size() + count > kMaxBody) return 0;
  body.append(bytes, count);
  return count;
}

std::size_t TakeHeader(char* bytes, std::size_t, std::size_t count, void* to) {
  auto& headers = *static_cast<std::map<std::string, std::string>*>(to);
  const std::string_view line(bytes, count);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || headers.size() >= kMaxHeaders) return count;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto begin = line.find_first_not_of(" \t", colon + 1);
  const auto end = line.find_last_not_of(" \t\r\n");
  headers[name] = begin == std::string_view::npos || end < begin
                      ? std::string()
                      : std::string(line.substr(begin, end - begin + 1));
  return count;
}

ErrorKind KindOf(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return ErrorKind::kConnect;
    case CURLE_OPERATION_TIMEDOUT: return ErrorKind::kTimeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER: return ErrorKind::kTls;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return ErrorKind::kMisuse;
    default: return ErrorKind::kBroken;
  }
}

class CurlTransport : public Transport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) { StartCurl(); }

  ~CurlTransport() override {
    for (CURL* handle : idle_) curl_easy_cleanup(handle);
  }

  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  Result<TransportResponse> Send(const TransportRequest& request) override {
    CURL* handle = Take();
    if (handle == nullptr) return internal::MakeError(ErrorKind::kBroken, "libcurl has no handle");
    TransportResponse response;
    curl_slist* headers = nullptr;
    for (const auto& [name, value] : request.headers) {
      headers = curl_slist_append(headers, (name + ": " + value).c_str());
    }
    // The body is small: nobody need be asked first whether it is wanted.
    headers = curl_slist_append(headers, "Expect:");
    char words[CURL_ERROR_SIZE] = "";
    Set(handle, request, headers, words, response);
    const CURLcode code = curl_easy_perform(handle);
    long status = 0;
    long connected = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &connected);
    curl_off_t handshaken = 0;
    curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &handshaken);
    curl_slist_free_all(headers);
    Put(handle);
    if (code != CURLE_OK) {
      ErrorKind kind = KindOf(code);
      // Time ran out before there was a connection: nothing was sent.
      if (kind == ErrorKind::kTimeout && connected > 0 && handshaken == 0) {
        kind = ErrorKind::kConnect;
      }
      return internal::MakeError(kind, words[0] != '\0' ? words : curl_easy_strerror(code));
    }
    response.status = static_cast<int>(status);
    return response;
  }

 private:
  void Set(CURL* handle, const TransportRequest& request, curl_slist* headers, char* words,
           TransportResponse& response) const {
    curl_easy_reset(handle);
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, TakeBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &response.body);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, TakeHeader);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &response.headers);
    if (request.body) {
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body->size()));
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body->data());
    }
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(handle, CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    if (!options_.proxy.empty()) {
      curl_easy_setopt(handle, CURLOPT_PROXY, options_.proxy.c_str());
    }
  }

  CURL* Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        CURL* handle = idle_.back();
        idle_.pop_back();
        return handle;
      }
    }
    return curl_easy_init();
  }

  /// A handle keeps its connection for the next request.
  void Put(CURL* handle) {
    {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < kMaxIdle) {
        idle_.push_back(handle);
        return;
      }
    }
    curl_easy_cleanup(handle);
  }

  CurlOptions options_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

}  // namespace

std::shared_ptr<Transport> MakeCurlTransport(CurlOptions options) {
  return std::make_shared<CurlTransport>(std::move(options));
}

}  // namespace capstan
