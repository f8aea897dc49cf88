#include "capstan/client.h"

#include <exception>
#include <type_traits>
#include <utility>

#include "caller.h"
#include "fields_answers.h"
#include "fields_requests.h"
#include "refusal.h"
#include "stop.h"

namespace capstan {
namespace {

using internal::Call;
using internal::Value;
using Names = std::map<std::string, std::string>;

/// Nothing throws out of this library: what a transport, a clock or the memory throws is an error.
template <class F>
std::invoke_result_t<F> Guarded(F call) {
  try {
    return call();
  } catch (const std::exception& failure) {
    return internal::MakeError(ErrorKind::kBroken, std::string("thrown: ") + failure.what());
  } catch (...) {
    return internal::MakeError(ErrorKind::kBroken, "something unknown was thrown");
  }
}

template <class T>
Result<T> Read(const Result<Value>& value) {
  if (!value) return value.error();
  internal::Decoder decoder;
  T model = decoder.Decode<T>(*value);
  if (!decoder.wrong().empty()) {
    return internal::MakeError(ErrorKind::kBadAnswer, "the answer: " + decoder.wrong());
  }
  return model;
}

template <class T>
Result<std::string> Write(const T& model, const Recorder* recorder) {
  internal::Encoder encoder;
  Value body = encoder.Encode(model);
  if (recorder != nullptr) {
    body = Value{{"cname", recorder->room},
                 {"uid", std::to_string(recorder->uid)},
                 {"clientRequest", std::move(body)}};
  }
  if (!encoder.wrong().empty()) {
    return internal::MakeError(ErrorKind::kMisuse, "the request: " + encoder.wrong());
  }
  auto text = internal::WriteJson(body);
  if (!text) return internal::MakeError(ErrorKind::kMisuse, "the request has text not in UTF-8");
  return *std::move(text);
}

/// A query of a request's fields.
template <class T>
std::vector<std::pair<std::string, std::string>> AsQuery(const T& request) {
  internal::Encoder encoder;
  std::vector<std::pair<std::string, std::string>> query;
  const Value fields = encoder.Encode(request);
  for (const auto& [name, value] : fields.items()) {
    query.emplace_back(name, value.is_string() ? value.template get<std::string>() : value.dump());
  }
  return query;
}

}  // namespace

const char* Version() { return CAPSTAN_CLIENT_VERSION; }

class Client::Impl {
 public:
  explicit Impl(internal::Caller caller) : caller_(std::move(caller)) {}

  std::chrono::nanoseconds Deadline() const { return caller_.Deadline(); }

  template <class T>
  Result<Answer> Post(const internal::Endpoint& endpoint, const Recorder& recorder, Names names,
                      const T& request, std::chrono::nanoseconds deadline) const {
    if (recorder.uid == 0) {
      return internal::MakeError(ErrorKind::kMisuse, "a recorder's uid is 1 or more");
    }
    const auto body = Write(request, &recorder);
    if (!body) return body.error();
    names["appid"] = caller_.options().app;
    return Read<Answer>(caller_.Make(Call{endpoint, std::move(names), {}, *body, deadline}));
  }

  template <class T>
  Result<Answer> On(const internal::Endpoint& endpoint, const RecordingId& id,
                    const T& request) const {
    return Post(endpoint, id.recorder, NamesOf(id), request, Deadline());
  }

  template <class T>
  Result<T> Get(const internal::Endpoint& endpoint, Names names,
                std::vector<std::pair<std::string, std::string>> query = {}) const {
    return Read<T>(caller_.Make(
        Call{endpoint, std::move(names), std::move(query), std::nullopt, Deadline()}));
  }

  Result<Uploads> Put(const std::string& sid, const StorageConfig& storage) const {
    const auto body = Write(storage, nullptr);
    if (!body) return body.error();
    return Read<Uploads>(
        caller_.Make(Call{internal::kStorage, {{"sid", sid}}, {}, *body, Deadline()}));
  }

  Result<Answer> Acquire(const Recorder& recorder, const AcquireRequest& request,
                         std::chrono::nanoseconds deadline) const {
    return Needing(Post(internal::kAcquire, recorder, {}, request, deadline),
                   &Answer::resource_id, "resourceId");
  }

  Result<Answer> Start(const Recorder& recorder, const std::string& resource_id, const Mode& mode,
                       const StartRequest& request, std::chrono::nanoseconds deadline) const {
    return Needing(Post(internal::kStart, recorder,
                        {{"resourceid", resource_id}, {"mode", mode.value()}}, request, deadline),
                   &Answer::sid, "sid");
  }

  Names NamesOf(const RecordingId& id) const {
    return {{"appid", caller_.options().app},
            {"resourceid", id.resource_id},
            {"sid", id.sid},
            {"mode", id.mode.value()}};
  }

 private:
  static Result<Answer> Needing(Result<Answer> answer, std::string Answer::*id, const char* name) {
    if (answer && (*answer.*id).empty()) {
      return internal::MakeError(ErrorKind::kBadAnswer,
                                 std::string("the answer has no field ") + name);
    }
    return answer;
  }

  internal::Caller caller_;
};

Client::Client(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<Client> Client::Make(ClientOptions options) {
  return Guarded([&]() -> Result<Client> {
    auto caller = internal::Caller::Make(std::move(options));
    if (!caller) return caller.error();
    return Client(std::make_shared<const Impl>(*std::move(caller)));
  });
}

Result<Recording> Client::Record(const std::string& room, const RecordOptions& options) const {
  return Guarded([&]() -> Result<Recording> {
    const Recorder recorder =
        options.uid ? Recorder{room, *options.uid} : Recorder::WithRandomUid(room);
    const auto deadline = impl_->Deadline();
    const auto acquired = impl_->Acquire(recorder, options.acquire, deadline);
    if (!acquired) return acquired.error();
    const std::string& resource = acquired->resource_id;
    const auto started = impl_->Start(recorder, resource, options.mode, options.start, deadline);
    if (!started) {
      Error error = started.error();
      if (error.may_have_happened) {
        error.unanswered_start = UnansweredStart{recorder, resource, options.mode};
      }
      return error;
    }
    return Recording(*this, RecordingId{recorder, options.mode, resource, started->sid});
  });
}

Recording Client::Attach(RecordingId id) const { return Recording(*this, std::move(id)); }

Result<Answer> Client::Acquire(const Recorder& recorder, const AcquireRequest& request) const {
  return Guarded([&] { return impl_->Acquire(recorder, request, impl_->Deadline()); });
}

Result<Answer> Client::Start(const Recorder& recorder, const std::string& resource_id,
                             const Mode& mode, const StartRequest& request) const {
  return Guarded(
      [&] { return impl_->Start(recorder, resource_id, mode, request, impl_->Deadline()); });
}

Result<Answer> Client::Query(const RecordingId& id) const {
  return Guarded([&] { return impl_->Get<Answer>(internal::kQuery, impl_->NamesOf(id)); });
}

Result<Answer> Client::Update(const RecordingId& id, const UpdateRequest& request) const {
  return Guarded([&] { return impl_->On(internal::kUpdate, id, request); });
}

Result<Answer> Client::UpdateLayout(const RecordingId& id, const LayoutRequest& request) const {
  return Guarded([&] { return impl_->On(internal::kUpdateLayout, id, request); });
}

Result<Answer> Client::Stop(const RecordingId& id, const StopRequest& request) const {
  return Guarded([&]() -> Result<Answer> {
    auto stopped = impl_->On(internal::kStop, id, request);
    if (stopped) return stopped;
    const Error& error = stopped.error();
    const bool over = error.kind == ErrorKind::kConflict || error.kind == ErrorKind::kNotFound;
    // An earlier attempt has stopped it, and only its answer got lost: the refusal tells so.
    if (!over || !error.may_have_happened) return stopped;
    const auto details = impl_->Get<RecordingDetails>(internal::kDetails, {{"sid", id.sid}});
    if (!details) return details.error();
    return internal::AnswerOfLostStop(id, *details);
  });
}

Pages<RecordingSummary> Client::List(const ListRequest& request) const {
  using Page = Pages<RecordingSummary>::Page;
  return Pages<RecordingSummary>(
      [client = *this, request](const std::optional<std::string>& next) -> Result<Page> {
        ListRequest asked = request;
        if (next) asked.after = next;
        auto page = client.ListPage(asked);
        if (!page) return page.error();
        return Page{std::move(page->recordings), std::move(page->next)};
      });
}

Result<RecordingPage> Client::ListPage(const ListRequest& request) const {
  return Guarded([&] {
    return impl_->Get<RecordingPage>(internal::kList, {}, AsQuery(request));
  });
}

Result<RecordingDetails> Client::Details(const std::string& sid) const {
  return Guarded([&] { return impl_->Get<RecordingDetails>(internal::kDetails, {{"sid", sid}}); });
}

Pages<ReplayedEvent> Client::Events(const std::string& sid, const EventsRequest& request) const {
  using Page = Pages<ReplayedEvent>::Page;
  return Pages<ReplayedEvent>(
      [client = *this, sid, request](const std::optional<std::string>& next) -> Result<Page> {
        EventsRequest asked = request;
        if (next) asked.after = std::stoll(*next);
        auto page = client.EventsPage(sid, asked);
        if (!page) return page.error();
        Page fetched{std::move(page->events), std::nullopt};
        if (page->more && !fetched.entries.empty()) {
          fetched.next = std::to_string(fetched.entries.back().sequence);
        }
        return fetched;
      });
}

Result<EventPage> Client::EventsPage(const std::string& sid, const EventsRequest& request) const {
  return Guarded([&] {
    return impl_->Get<EventPage>(internal::kEvents, {{"sid", sid}}, AsQuery(request));
  });
}

Result<Uploads> Client::Storage(const std::string& sid, const StorageConfig& storage) const {
  return Guarded([&] { return impl_->Put(sid, storage); });
}

Result<PluginList> Client::Plugins() const {
  return Guarded([&] { return impl_->Get<PluginList>(internal::kPlugins, {}); });
}

Recording::Recording(Client client, RecordingId id)
    : client_(std::move(client)), id_(std::move(id)) {}

Result<Answer> Recording::Query() const { return client_.Query(id_); }

Result<Answer> Recording::Update(const UpdateRequest& request) const {
  return client_.Update(id_, request);
}

Result<Answer> Recording::UpdateLayout(const LayoutRequest& request) const {
  return client_.UpdateLayout(id_, request);
}

Result<Answer> Recording::Stop(const StopRequest& request) const {
  return client_.Stop(id_, request);
}

Result<RecordingDetails> Recording::Details() const { return client_.Details(id_.sid); }

Pages<ReplayedEvent> Recording::Events() const { return client_.Events(id_.sid); }

Result<Uploads> Recording::Storage(const StorageConfig& storage) const {
  return client_.Storage(id_.sid, storage);
}

}  // namespace capstan
