/// @file
/// JSON as text: no type of a JSON library is part of this interface.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

namespace capstan {

/// One JSON value as text. What isn't JSON is refused when it is sent.
struct Json {
  std::string text = "null";
};

/// Fields by their names, each with its value as JSON text.
using Extra = std::map<std::string, Json>;

/// A number, or (Capstan's own) a name.
using NumberOrName = std::variant<std::int64_t, std::string>;

}  // namespace capstan
