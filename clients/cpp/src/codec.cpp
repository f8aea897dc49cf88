#include "codec.h"

#include <charconv>
#include <limits>

namespace capstan::internal {
namespace {

constexpr int kMaxDepth = 100;

bool TooDeep(std::string_view text) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Value ParseJson(std::string_view text) {
  if (TooDeep(text)) return Value(Value::value_t::discarded);
  return Value::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::optional<std::string> WriteJson(const Value& value) {
  try {
    return value.dump();
  } catch (const Value::exception&) {
    return std::nullopt;
  }
}

std::int64_t Decoder::Integer(const char* name, const Value& value, bool small) {
  std::int64_t number = 0;
  bool right = false;
  if (value.is_number_unsigned()) {
    const auto wide = value.get<std::uint64_t>();
    right = wide <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    number = static_cast<std::int64_t>(wide);
  } else if (value.is_number_integer()) {
    number = value.get<std::int64_t>();
    right = true;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto end = text.data() + text.size();
    right = !text.empty() && std::from_chars(text.data(), end, number).ptr == end;
  }
  if (small && (number > std::numeric_limits<int>::max() ||
                number < std::numeric_limits<int>::min())) {
    right = false;
  }
  if (!right) Wrong(name, "an integer of that size");
  return right ? number : 0;
}

void Decoder::Wrong(const char* name, const char* wanted) {
  if (wrong_.empty()) wrong_ = std::string(name) + " is not " + wanted;
}

}  // namespace capstan::internal
