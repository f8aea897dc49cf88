#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "capstan/callbacks.h"
#include "refusal.h"

namespace capstan {
namespace {

constexpr std::size_t kMostRecordings = 10'000;
constexpr std::int64_t kMostMissing = 100'000;
constexpr std::int64_t kPage = 1'000;

Result<std::vector<Event>> Fetch(const Client& client, const std::string& sid, std::int64_t after,
                                 std::int64_t before) {
  EventsRequest request;
  request.limit = std::min(kPage, before - after - 1);
  // Numbers begin with 0, so that there is none before the first.
  if (after >= 0) request.after = after;
  std::vector<Event> events;
  for (const auto& replayed : client.Events(sid, request)) {
    if (!replayed) return replayed.error();
    if (replayed->sequence >= before) break;
    auto event = ToEvent(sid, *replayed);
    if (!event) return event.error();
    events.push_back(*std::move(event));
  }
  return events;
}

}  // namespace

class SequenceChecker::Impl {
 public:
  explicit Impl(Replay replay) : replay_(std::move(replay)) {}

  void Put(const std::string& sid, std::int64_t next) {
    const std::lock_guard lock(mutex_);
    Remember(sid, next);
  }

  Result<Checked> Check(const Event& event) {
    const std::lock_guard lock(mutex_);
    const auto known = due_.find(event.sid);
    const std::int64_t due = known == due_.end() ? 0 : known->second->second;
    Checked checked;
    if (event.sequence < due) {
      checked.verdict = Verdict::kDuplicate;
      return checked;
    }
    if (event.sequence > due) {
      checked.verdict = Verdict::kGap;
      if (auto error = Fill(checked, event, due)) return *std::move(error);
    }
    checked.events.push_back(event);
    Remember(event.sid, event.sequence + 1);
    return checked;
  }

 private:
  std::optional<Error> Fill(Checked& checked, const Event& event, std::int64_t due) const {
    if (event.sequence - due > kMostMissing) {
      return internal::MakeError(
          ErrorKind::kBadAnswer, "event " + std::to_string(event.sequence) + " came where " +
                                     std::to_string(due) + " was due: too many are missing");
    }
    auto fetched = replay_(event.sid, due - 1, event.sequence);
    if (!fetched) return fetched.error();
    std::unordered_map<std::int64_t, Event> by_number;
    for (Event& missed : *fetched) by_number.insert_or_assign(missed.sequence, std::move(missed));
    for (std::int64_t missing = due; missing < event.sequence; ++missing) {
      const auto found = by_number.find(missing);
      if (found == by_number.end()) {
        checked.lost.push_back(missing);
      } else {
        checked.events.push_back(std::move(found->second));
      }
    }
    return std::nullopt;
  }

  /// The recordings that were told of last stay.
  void Remember(const std::string& sid, std::int64_t next) {
    if (const auto known = due_.find(sid); known != due_.end()) latest_.erase(known->second);
    latest_.emplace_front(sid, next);
    due_[sid] = latest_.begin();
    if (latest_.size() > kMostRecordings) {
      due_.erase(latest_.back().first);
      latest_.pop_back();
    }
  }

  using Latest = std::list<std::pair<std::string, std::int64_t>>;

  Replay replay_;
  std::mutex mutex_;
  Latest latest_;
  std::unordered_map<std::string, Latest::iterator> due_;
};

SequenceChecker::SequenceChecker(Client client)
    : SequenceChecker([client = std::move(client)](const std::string& sid, std::int64_t after,
                                                   std::int64_t before) {
        return Fetch(client, sid, after, before);
      }) {}

SequenceChecker::SequenceChecker(Replay replay)
    : impl_(std::make_unique<Impl>(std::move(replay))) {}

SequenceChecker::~SequenceChecker() = default;
SequenceChecker::SequenceChecker(SequenceChecker&&) noexcept = default;
SequenceChecker& SequenceChecker::operator=(SequenceChecker&&) noexcept = default;

void SequenceChecker::Resume(const std::string& sid, std::int64_t last) {
  impl_->Put(sid, last + 1);
}

Result<Checked> SequenceChecker::Check(const Event& event) { return impl_->Check(event); }

}  // namespace capstan
