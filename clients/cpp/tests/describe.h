/// @file
/// The types of the model as trees of their fields and values, by the visitors that read and write
/// them.
#pragma once

#include "codec.h"
#include "fields_answers.h"
#include "fields_requests.h"

namespace capstan::testing {

using internal::Value;

template <class T>
Value Describe();

/// What a member is: its fields, its values, or nothing that matters here.
template <class M>
Value DescribeMember() {
  if constexpr (internal::IsOptional<M>::value || internal::IsVector<M>::value) {
    return DescribeMember<typename M::value_type>();
  } else if constexpr (internal::IsModel<M>::value) {
    return Value{{"fields", Describe<M>()}};
  } else if constexpr (internal::IsChoice<M>::value) {
    Value values = Value::array();
    for (const M& one : M::Values()) values.push_back(one.value());
    return Value{{"values", values}};
  } else {
    return Value::object();
  }
}

/// The fields of a type by their names in JSON.
template <class T>
Value Describe() {
  Value fields = Value::object();
  T model{};
  auto visit = [&](const char* name, auto& member) {
    fields[name] = DescribeMember<std::decay_t<decltype(member)>>();
  };
  internal::Fields<T>::Each(visit, model);
  return fields;
}

}  // namespace capstan::testing
