/// @file
/// A value, or why there is none. Nothing of this library throws.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <variant>

#include "capstan/error.h"

namespace capstan {

/// A value, or an `Error`.
///
/// `if (result)` tells which; taking the value of a failed one ends the program with the error's
/// words.
template <class T>
class [[nodiscard]] Result {
 public:
  /// A value.
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}  // NOLINT
  /// A failure.
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  /// Whether there is a value.
  bool ok() const { return held_.index() == 0; }
  /// Whether there is a value.
  explicit operator bool() const { return ok(); }

  /// The value.
  const T& value() const& { return Checked(); }
  /// The value.
  T& value() & { return const_cast<T&>(Checked()); }
  /// The value.
  T&& value() && { return std::move(const_cast<T&>(Checked())); }
  /// The value.
  const T& operator*() const& { return value(); }
  /// The value.
  T& operator*() & { return value(); }
  /// The value.
  T&& operator*() && { return std::move(*this).value(); }
  /// The value.
  const T* operator->() const { return &value(); }
  /// The value.
  T* operator->() { return &value(); }

  /// Why there is no value; only if there is none.
  const Error& error() const {
    if (ok()) Die("error() of a Result that has a value");
    return *std::get_if<1>(&held_);
  }

 private:
  const T& Checked() const {
    if (!ok()) Die(std::get_if<1>(&held_)->message.c_str());
    return *std::get_if<0>(&held_);
  }

  [[noreturn]] static void Die(const char* words) {
    std::fprintf(stderr, "capstan::Result: %s\n", words);
    std::abort();
  }

  std::variant<T, Error> held_;
};

}  // namespace capstan
