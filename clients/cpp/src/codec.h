/// @file
/// Types of the model from and to JSON, by their fields. The one place that knows the JSON library.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "capstan/answers.h"
#include "capstan/events.h"
#include "capstan/json.h"
#include "fields.h"

namespace capstan::internal {

using Value = nlohmann::ordered_json;

/// Reads a JSON text; discarded if it is none, or nested beyond all reason.
Value ParseJson(std::string_view text);

/// Writes a value; nothing if it holds text that isn't UTF-8.
std::optional<std::string> WriteJson(const Value& value);

template <class T, class = void>
struct IsModel : std::false_type {};
template <class T>
struct IsModel<T, std::void_t<decltype(Fields<T>::kName)>> : std::true_type {};

template <class T, class = void>
struct IsChoice : std::false_type {};
template <class T>
struct IsChoice<T, std::void_t<decltype(T::Values())>> : std::true_type {};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

/// Writes one object. What can't be written is said in `wrong`.
class Encoder {
 public:
  template <class T>
  Value Encode(const T& model) {
    Value object = Value::object();
    auto visit = [&](const char* name, const auto& member) { Put(object, name, member); };
    Fields<T>::Each(visit, model);
    for (const auto& [name, json] : model.extra) object[name] = FromText(json);
    if constexpr (std::is_same_v<T, ServerResponse>) {
      if (model.playlist) object["fileList"] = *model.playlist;
    }
    return object;
  }

  /// What is wrong; empty if nothing is.
  const std::string& wrong() const { return wrong_; }

 private:
  template <class T>
  void Put(Value& object, const char* name, const T& member) {
    if constexpr (IsOptional<T>::value) {
      if (member) object[name] = Of(name, *member);
    } else if constexpr (IsVector<T>::value) {
      if (member.empty()) return;
      Value list = Value::array();
      for (const auto& entry : member) list.push_back(Of(name, entry));
      object[name] = std::move(list);
    } else {
      object[name] = Of(name, member);
    }
  }

  template <class T>
  Value Of(const char* name, const T& value) {
    if constexpr (IsModel<T>::value) {
      return Encode(value);
    } else if constexpr (IsChoice<T>::value) {
      return value.value();
    } else if constexpr (std::is_same_v<T, Json>) {
      return FromText(value);
    } else if constexpr (std::is_same_v<T, NumberOrName>) {
      return std::visit([](const auto& held) { return Value(held); }, value);
    } else if constexpr (std::is_same_v<T, double>) {
      if (!std::isfinite(value)) wrong_ = std::string(name) + " is no number";
      return value;
    } else {
      return value;
    }
  }

  Value FromText(const Json& json) {
    Value value = ParseJson(json.text);
    if (value.is_discarded()) wrong_ = "not JSON: " + json.text.substr(0, 40);
    return value;
  }

  std::string wrong_;
};

/// Reads one object. What can't be read is said in `wrong`.
class Decoder {
 public:
  template <class T>
  T Decode(const Value& object) {
    T model{};
    if (!object.is_object()) {
      Wrong(Fields<T>::kName, "an object");
      return model;
    }
    std::set<std::string> known;
    auto visit = [&](const char* name, auto& member) {
      known.insert(name);
      Take<T>(object, name, member);
    };
    if constexpr (std::is_same_v<T, ServerResponse>) {
      // Where the API gives one name, it is the playlist.
      if (auto list = object.find("fileList"); list != object.end() && list->is_string()) {
        Value whole = object;
        whole["fileList"] = Value::array({Value{{"fileName", *list}}});
        model = Decode<T>(whole);
        model.playlist = list->template get<std::string>();
        return model;
      }
    }
    Fields<T>::Each(visit, model);
    for (const auto& [name, value] : object.items()) {
      if (known.count(name) == 0) model.extra[name] = Json{value.dump()};
    }
    return model;
  }

  /// What is wrong; empty if nothing is.
  const std::string& wrong() const { return wrong_; }

 private:
  /// Fields that older documents spell otherwise.
  static const char* OtherSpelling(std::string_view name) {
    return name == "fileName" ? "filename" : name == "exitStatus" ? "leaveStatus" : nullptr;
  }

  template <class T, class M>
  void Take(const Value& object, const char* name, M& member) {
    auto found = object.find(name);
    if (found == object.end() && OtherSpelling(name)) found = object.find(OtherSpelling(name));
    if (found == object.end() || found->is_null()) {
      constexpr bool kNeeded = !IsOptional<M>::value && !IsVector<M>::value;
      // Servers differ in which ids their answers repeat.
      if (kNeeded && !std::is_same_v<T, Answer>) {
        wrong_ = std::string(Fields<T>::kName) + " has no field " + name;
      }
      return;
    }
    if constexpr (IsOptional<M>::value) {
      member = Of<typename M::value_type>(name, *found);
    } else if constexpr (IsVector<M>::value) {
      if (!found->is_array()) return Wrong(name, "a list");
      for (const auto& entry : *found) {
        member.push_back(Of<typename M::value_type>(name, entry));
      }
    } else {
      member = Of<M>(name, *found);
    }
  }

  template <class M>
  M Of(const char* name, const Value& value) {
    if constexpr (IsModel<M>::value) {
      return Decode<M>(value);
    } else if constexpr (IsChoice<M>::value) {
      using Wire = std::decay_t<decltype(std::declval<M>().value())>;
      return M(Of<Wire>(name, value));
    } else if constexpr (std::is_same_v<M, Json>) {
      return Json{value.dump()};
    } else if constexpr (std::is_same_v<M, NumberOrName>) {
      if (value.is_number_integer()) return value.template get<std::int64_t>();
      return Of<std::string>(name, value);
    } else if constexpr (std::is_same_v<M, std::string>) {
      if (value.is_string()) return value.template get<std::string>();
      if (value.is_structured()) Wrong(name, "text");
      return value.dump();
    } else if constexpr (std::is_same_v<M, bool>) {
      if (value.is_boolean()) return value.template get<bool>();
      Wrong(name, "true or false");
      return false;
    } else if constexpr (std::is_same_v<M, double>) {
      if (value.is_number()) return value.template get<double>();
      Wrong(name, "a number");
      return 0;
    } else {
      return static_cast<M>(Integer(name, value, sizeof(M) == sizeof(int)));
    }
  }

  /// Servers of 2020 sent some numbers as text.
  std::int64_t Integer(const char* name, const Value& value, bool small);
  void Wrong(const char* name, const char* wanted);

  std::string wrong_;
};

}  // namespace capstan::internal
