#include "capstan/events.h"

#include <cstdio>
#include <ctime>

#include "capstan/callbacks.h"
#include "codec.h"
#include "fields_answers.h"
#include "fields_events.h"
#include "refusal.h"
#include "signatures.h"

namespace capstan {
namespace {

using internal::Value;

constexpr std::string_view kStandardKind = "recording.";

Error Wrong(const std::string& what) {
  return internal::MakeError(ErrorKind::kBadAnswer, "the callback: " + what);
}

/// The facts as the type of that name, and its number.
template <std::size_t I = 1>
EventDetails DetailsOf(const std::string& kind, const Value& facts, std::optional<int>& type,
                       internal::Decoder& decoder) {
  if constexpr (I == std::variant_size_v<EventDetails>) {
    return decoder.Decode<event::Other>(facts);
  } else {
    using Known = std::variant_alternative_t<I, EventDetails>;
    if (kind != Known::kKind) return DetailsOf<I + 1>(kind, facts, type, decoder);
    type = Known::kType;
    return decoder.Decode<Known>(facts);
  }
}

/// `2022-11-03T20:26:10.344Z` as Unix milliseconds.
std::optional<std::int64_t> Milliseconds(const std::string& text) {
  std::tm time{};
  int millis = 0;
  int end = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &time.tm_year, &time.tm_mon,
                  &time.tm_mday, &time.tm_hour, &time.tm_min, &time.tm_sec, &millis, &end) != 7 ||
      static_cast<std::size_t>(end) != text.size()) {
    return std::nullopt;
  }
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  return static_cast<std::int64_t>(timegm(&time)) * 1000 + millis;
}

/// Takes fields out of a callback and remembers what was wrong.
class Taker {
 public:
  explicit Taker(const Value& from) : from_(from) {}

  std::string Text(const char* name) {
    const auto found = from_.find(name);
    if (found != from_.end() && found->is_string()) return found->get<std::string>();
    return Fail<std::string>(name);
  }

  /// Some numbers come as text.
  std::int64_t Number(const char* name) {
    const auto found = from_.find(name);
    if (found != from_.end() && found->is_number_integer()) return found->get<std::int64_t>();
    if (found != from_.end() && found->is_string()) {
      const auto& text = found->get_ref<const std::string&>();
      char* end = nullptr;
      const std::int64_t number = std::strtoll(text.c_str(), &end, 10);
      if (!text.empty() && *end == '\0') return number;
    }
    return Fail<std::int64_t>(name);
  }

  Value Object(const char* name) {
    const auto found = from_.find(name);
    return found != from_.end() && found->is_object() ? *found : Fail<Value>(name);
  }

  const std::string& wrong() const { return wrong_; }

 private:
  template <class T>
  T Fail(const char* name) {
    wrong_ = std::string("no right ") + name;
    return T();
  }

  const Value& from_;
  std::string wrong_;
};

Result<Event> Finish(Event event, const Value& facts, const std::string& wrong) {
  internal::Decoder decoder;
  std::optional<int> type;
  if (!wrong.empty()) return Wrong(wrong);
  event.details = DetailsOf(event.kind, facts, type, decoder);
  if (!event.type) event.type = type;
  if (!decoder.wrong().empty()) return Wrong(decoder.wrong());
  return event;
}

Result<Event> ReadAgora(const Value& body) {
  Taker outer(body);
  Event event;
  const Value payload = outer.Object("payload");
  event.notice_id = outer.Text("noticeId");
  event.type = static_cast<int>(outer.Number("eventType"));
  Taker inner(payload);
  event.sid = inner.Text("sid");
  event.sequence = inner.Number("sequence");
  event.at = inner.Number("sendts");
  event.room = inner.Text("cname");
  event.recorder_uid = inner.Number("uid");
  const Value details = inner.Object("details");
  Taker facts(details);
  event.kind = facts.Text("msgName");
  const std::string& wrong = !outer.wrong().empty()   ? outer.wrong()
                             : !inner.wrong().empty() ? inner.wrong()
                                                      : facts.wrong();
  return Finish(std::move(event), details, wrong);
}

Result<Event> ReadStandard(const Value& body) {
  Taker outer(body);
  Event event;
  const Value data = outer.Object("data");
  event.kind = outer.Text("type");
  if (event.kind.compare(0, kStandardKind.size(), kStandardKind) == 0) {
    event.kind.erase(0, kStandardKind.size());
  }
  const auto at = Milliseconds(outer.Text("timestamp"));
  event.at = at.value_or(0);
  Taker inner(data);
  event.sid = inner.Text("sid");
  event.sequence = inner.Number("sequence");
  event.app = inner.Text("app");
  event.room = inner.Text("room");
  event.recorder_uid = inner.Number("recorder_uid");
  const Value details = inner.Object("details");
  const std::string wrong = !outer.wrong().empty() ? outer.wrong()
                            : !at                  ? "no right timestamp"
                                                   : inner.wrong();
  return Finish(std::move(event), details, wrong);
}

}  // namespace

Result<Event> ToEvent(const std::string& sid, const ReplayedEvent& replayed) {
  Event event;
  event.kind = replayed.kind;
  event.sid = sid;
  event.sequence = replayed.sequence;
  event.at = replayed.at;
  event.notice_id = replayed.notice_id;
  const Value facts = internal::ParseJson(replayed.details ? replayed.details->text : "{}");
  return Finish(std::move(event), facts, "");
}

Result<Event> ReadEvent(std::string_view body) {
  const Value value = internal::ParseJson(body);
  if (!value.is_object()) return Wrong("not JSON");
  return value.contains("payload") ? ReadAgora(value) : ReadStandard(value);
}

Result<Event> Verify(std::string_view body, const Headers& headers, std::string_view secret,
                     std::chrono::system_clock::time_point now) {
  if (auto error = internal::CheckSignature(body, headers, secret, now)) return *std::move(error);
  return ReadEvent(body);
}

}  // namespace capstan
