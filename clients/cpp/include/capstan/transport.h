/// @file
/// What carries requests, and time as a client sees it; both can be replaced.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "capstan/result.h"

namespace capstan {

/// One request on its way out. Its headers hold credentials.
struct TransportRequest {
  /// `GET`, `POST` or `PUT`.
  std::string method;
  std::string url;
  std::map<std::string, std::string> headers;
  std::optional<std::string> body;
  /// How long to wait for the whole answer.
  std::chrono::milliseconds timeout{0};
};

/// What a server answered.
struct TransportResponse {
  int status = 0;
  /// By names in lower case.
  std::map<std::string, std::string> headers;
  std::string body;
};

/// Carries one request to the server and its answer back. Tries once; retries are not its affair.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Sends a request and waits. Called by several threads at once. A failure is `kConnect`,
  /// `kTimeout`, `kBroken` or `kTls`, with words in `reason`.
  virtual Result<TransportResponse> Send(const TransportRequest& request) = 0;
};

/// What a transport by libcurl can be told.
struct CurlOptions {
  /// A file with certificates to trust; the system's unless given.
  std::string ca_file;
  /// A proxy; the environment's unless given.
  std::string proxy;
};

/// Requests by libcurl, over connections that are kept. Redirects aren't followed: keys stay where
/// they belong.
std::shared_ptr<Transport> MakeCurlTransport(CurlOptions options = {});

/// Time and chance.
class Timekeeper {
 public:
  virtual ~Timekeeper() = default;

  /// A clock that only goes forward.
  virtual std::chrono::nanoseconds Now() = 0;
  /// The time of day.
  virtual std::chrono::system_clock::time_point Today() = 0;
  /// Waits.
  virtual void Sleep(std::chrono::nanoseconds pause) = 0;
  /// From 0 to below 1.
  virtual double Chance() = 0;
};

/// The machine's time.
std::shared_ptr<Timekeeper> MakeSystemTimekeeper();

}  // namespace capstan
