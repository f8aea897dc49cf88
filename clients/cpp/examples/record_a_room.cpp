// Records a room for some seconds: record_a_room URL APP KEY SECRET ROOM SECONDS

#include <capstan/capstan.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

int Fail(const capstan::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) {
    std::fprintf(stderr, "record_a_room URL APP KEY SECRET ROOM SECONDS\n");
    return 2;
  }
  capstan::ClientOptions options;
  options.base_url = arguments[1];
  options.app = arguments[2];
  options.key = arguments[3];
  options.secret = arguments[4];
  options.log = [](const capstan::LogEntry& entry) {
    std::fprintf(stderr, "%s\n", capstan::ToString(entry).c_str());
  };
  const auto client = capstan::Client::Make(options);
  if (!client) return Fail(client.error());
  const auto recording = client->Record(arguments[5]);
  if (!recording) return Fail(recording.error());
  std::printf("recording %s\n", recording->sid().c_str());
  std::this_thread::sleep_for(std::chrono::seconds(std::atoi(arguments[6])));
  const auto running = recording->Query();
  if (!running) return Fail(running.error());
  if (running->server_response && running->server_response->playback_url) {
    std::printf("watch it: %s\n", running->server_response->playback_url->c_str());
  }
  const auto stopped = recording->Stop();
  if (!stopped) return Fail(stopped.error());
  if (!stopped->server_response) return 0;
  for (const auto& file : stopped->server_response->file_list) {
    std::printf("%s\n", file.file_name.c_str());
  }
  return 0;
}
