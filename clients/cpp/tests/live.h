/// @file
/// Where the running server is that the live tests use, and where they say what they made.
#pragma once

#include <chrono>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "support.h"

namespace capstan::testing {

inline Client LiveClient(const std::string& app, const std::string& secret = "") {
  ClientOptions options;
  options.base_url = Variable("CAPSTAN_URL");
  options.app = options.key = app;
  options.secret = secret.empty() ? app : secret;
  return *Client::Make(options);
}

/// Tells the promise which file is to be judged.
inline void Made(const std::string& key) {
  std::ofstream(Variable("CAPSTAN_MADE"), std::ios::app) << key << "\n";
}

/// Waits; answers whether it happened within a minute.
inline bool Eventually(const std::function<bool()>& happened) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!happened()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return true;
}

}  // namespace capstan::testing
