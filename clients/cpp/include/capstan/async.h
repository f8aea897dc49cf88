/// @file
/// The calls of a client that don't block: each runs on a thread of its own.
#pragma once

#include <functional>
#include <future>
#include <string>
#include <system_error>
#include <utility>

#include "capstan/client.h"

namespace capstan {

/// The calls of `Client` with a future. As with `std::async`, the destructor of a future waits for
/// its call: keep it.
class AsyncClient {
 public:
  explicit AsyncClient(Client client) : client_(std::move(client)) {}

  std::future<Result<Recording>> Record(std::string room, RecordOptions options = {}) const {
    return Run<Recording>([client = client_, room = std::move(room),
                           options = std::move(options)] { return client.Record(room, options); });
  }
  std::future<Result<Answer>> Acquire(Recorder recorder, AcquireRequest request = {}) const {
    return Run<Answer>([client = client_, recorder = std::move(recorder),
                        request = std::move(request)] { return client.Acquire(recorder, request); });
  }
  std::future<Result<Answer>> Start(Recorder recorder, std::string resource_id, Mode mode,
                                    StartRequest request = {}) const {
    return Run<Answer>([client = client_, recorder = std::move(recorder),
                        resource = std::move(resource_id), mode = std::move(mode),
                        request = std::move(request)] {
      return client.Start(recorder, resource, mode, request);
    });
  }
  std::future<Result<Answer>> Query(RecordingId id) const {
    return Run<Answer>([client = client_, id = std::move(id)] { return client.Query(id); });
  }
  std::future<Result<Answer>> Update(RecordingId id, UpdateRequest request) const {
    return Run<Answer>([client = client_, id = std::move(id), request = std::move(request)] {
      return client.Update(id, request);
    });
  }
  std::future<Result<Answer>> UpdateLayout(RecordingId id, LayoutRequest request) const {
    return Run<Answer>([client = client_, id = std::move(id), request = std::move(request)] {
      return client.UpdateLayout(id, request);
    });
  }
  std::future<Result<Answer>> Stop(RecordingId id, StopRequest request = {}) const {
    return Run<Answer>([client = client_, id = std::move(id), request = std::move(request)] {
      return client.Stop(id, request);
    });
  }
  std::future<Result<RecordingPage>> ListPage(ListRequest request = {}) const {
    return Run<RecordingPage>([client = client_, request = std::move(request)] {
      return client.ListPage(request);
    });
  }
  std::future<Result<RecordingDetails>> Details(std::string sid) const {
    return Run<RecordingDetails>([client = client_, sid = std::move(sid)] {
      return client.Details(sid);
    });
  }
  std::future<Result<EventPage>> EventsPage(std::string sid, EventsRequest request = {}) const {
    return Run<EventPage>([client = client_, sid = std::move(sid), request = std::move(request)] {
      return client.EventsPage(sid, request);
    });
  }
  std::future<Result<Uploads>> Storage(std::string sid, StorageConfig storage) const {
    return Run<Uploads>([client = client_, sid = std::move(sid), storage = std::move(storage)] {
      return client.Storage(sid, storage);
    });
  }
  std::future<Result<PluginList>> Plugins() const {
    return Run<PluginList>([client = client_] { return client.Plugins(); });
  }

 private:
  template <class T>
  static std::future<Result<T>> Run(std::function<Result<T>()> call) {
    try {
      return std::async(std::launch::async, std::move(call));
    } catch (const std::system_error& failure) {
      Error error;
      error.kind = ErrorKind::kMisuse;
      error.message = std::string("no thread for a call: ") + failure.what();
      error.retryable = true;
      std::promise<Result<T>> promise;
      promise.set_value(Result<T>(std::move(error)));
      return promise.get_future();
    }
  }

  Client client_;
};

}  // namespace capstan
