/// @file
/// A small receiver of callbacks: checks who sent them, drops what came before, fetches what didn't
/// come, and hands every event on once and in order.
#pragma once

#include <capstan/capstan.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>

namespace capstan::examples {

/// What becomes of the callbacks of one app.
struct Receiver {
  std::string secret;
  SequenceChecker checker;
  std::function<void(const Event&)> handler;
};

/// An HTTP server on a loopback port, which takes one callback after the other.
class CallbackServer {
 public:
  /// Takes callbacks at these paths until it goes.
  CallbackServer(int port, std::map<std::string, Receiver> receivers);
  ~CallbackServer();

  CallbackServer(const CallbackServer&) = delete;
  CallbackServer& operator=(const CallbackServer&) = delete;

  /// Whether the port could be had.
  bool listens() const { return listener_ >= 0; }

 private:
  void Serve();
  void Answer(int connection);
  int StatusOf(const std::string& method, const std::string& path, const Headers& headers,
               const std::string& body);

  std::map<std::string, Receiver> receivers_;
  int listener_ = -1;
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

}  // namespace capstan::examples
