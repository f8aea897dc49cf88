#include "callback_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <sstream>

namespace capstan::examples {
namespace {

constexpr std::size_t kMostHead = 16 << 10;
constexpr std::size_t kMostBody = 1 << 20;
constexpr int kWaitMs = 200;

/// Reads more into `bytes`; false when nothing comes any more.
bool ReadMore(int connection, std::string& bytes) {
  char buffer[4096];
  const ssize_t count = recv(connection, buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  bytes.append(buffer, static_cast<std::size_t>(count));
  return true;
}

}  // namespace

CallbackServer::CallbackServer(int port, std::map<std::string, Receiver> receivers)
    : receivers_(std::move(receivers)) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int again = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &again, sizeof again);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 16) != 0) {
    close(listener);
    return;
  }
  listener_ = listener;
  thread_ = std::thread([this] { Serve(); });
}

CallbackServer::~CallbackServer() {
  ends_ = true;
  if (thread_.joinable()) thread_.join();
  if (listener_ >= 0) close(listener_);
}

void CallbackServer::Serve() {
  while (!ends_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, kWaitMs) <= 0) continue;
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    const timeval patience{5, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    Answer(connection);
    close(connection);
  }
}

void CallbackServer::Answer(int connection) {
  std::string bytes;
  std::size_t head = std::string::npos;
  while ((head = bytes.find("\r\n\r\n")) == std::string::npos) {
    if (bytes.size() > kMostHead || !ReadMore(connection, bytes)) return;
  }
  std::istringstream lines(bytes.substr(0, head));
  std::string method, path, line;
  lines >> method >> path;
  std::getline(lines, line);
  Headers headers;
  std::size_t length = 0;
  while (std::getline(lines, line)) {
    const auto colon = line.find(':');
    const auto value = line.find_first_not_of(' ', colon + 1);
    if (colon == std::string::npos || value == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    headers[name] = line.substr(value, line.find_last_not_of("\r ") + 1 - value);
    if (name == "content-length") length = std::strtoul(headers[name].c_str(), nullptr, 10);
  }
  int status = 413;
  if (length <= kMostBody) {
    std::string body = bytes.substr(head + 4);
    while (body.size() < length) {
      if (!ReadMore(connection, body)) return;
    }
    status = StatusOf(method, path, headers, body);
  }
  const std::string answer = "HTTP/1.1 " + std::to_string(status) +
                             " -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
  (void)send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
}

int CallbackServer::StatusOf(const std::string& method, const std::string& path,
                             const Headers& headers, const std::string& body) {
  const auto found = receivers_.find(path);
  if (found == receivers_.end()) return 404;
  if (method != "POST") return 405;
  Receiver& receiver = found->second;
  const auto event = Verify(body, headers, receiver.secret);
  if (!event) return event.error().kind == ErrorKind::kBadSignature ? 401 : 400;
  const auto checked = receiver.checker.Check(*event);
  // What is missing couldn't be fetched now: the event comes again.
  if (!checked) return 503;
  for (const Event& next : checked->events) receiver.handler(next);
  return 200;
}

}  // namespace capstan::examples
