/// @file
/// Lists whose pages are fetched as somebody comes to them.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capstan/result.h"

namespace capstan {

/// A list of results. A page that can't be fetched is one `Error`, and the end.
///
/// @code
/// for (auto& recording : client.List({})) {
///   if (!recording) return recording.error();
///   std::puts(recording->sid.c_str());
/// }
/// @endcode
template <class T>
class Pages {
 public:
  /// Some entries, and where the next page begins; empty for the last one.
  struct Page {
    std::vector<T> entries;
    std::optional<std::string> next;
  };
  /// Fetches the page that begins there; the first one without.
  using Fetch = std::function<Result<Page>(const std::optional<std::string>&)>;

  /// A list by what fetches its pages.
  explicit Pages(Fetch fetch) : fetch_(std::move(fetch)) {}

  /// Goes through the list once.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Result<T>;
    using difference_type = std::ptrdiff_t;
    using pointer = Result<T>*;
    using reference = Result<T>&;

    Iterator() = default;
    explicit Iterator(Fetch fetch) : state_(std::make_shared<State>()) {
      state_->fetch = std::move(fetch);
      Advance();
    }

    reference operator*() const { return *state_->now; }
    pointer operator->() const { return &*state_->now; }
    Iterator& operator++() {
      Advance();
      return *this;
    }
    void operator++(int) { Advance(); }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.state_ == b.state_; }
    friend bool operator!=(const Iterator& a, const Iterator& b) { return !(a == b); }

   private:
    struct State {
      Fetch fetch;
      std::vector<T> page;
      std::size_t at = 0;
      std::optional<std::string> next;
      bool last = false;
      std::optional<Result<T>> now;
    };

    void Advance() {
      State& state = *state_;
      while (state.at == state.page.size()) {
        if (state.last) {
          state_.reset();
          return;
        }
        Result<Page> page = state.fetch(state.next);
        if (!page) {
          state.last = true;
          state.now = Result<T>(page.error());
          return;
        }
        // A page that names itself as the next one would be fetched for ever.
        state.last = !page->next || page->next == state.next;
        state.next = std::move(page->next);
        state.page = std::move(page->entries);
        state.at = 0;
      }
      state.now = Result<T>(std::move(state.page[state.at++]));
    }

    std::shared_ptr<State> state_;
  };

  Iterator begin() const { return Iterator(fetch_); }
  Iterator end() const { return Iterator(); }

 private:
  Fetch fetch_;
};

}  // namespace capstan
