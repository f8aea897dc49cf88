/// @file
/// How types say which fields they have.
#pragma once

namespace capstan::internal {

/// Specialised for every type of the model: `Each(visit, object)` calls `visit(name, member)` for
/// every field, by its name in JSON.
template <class T>
struct Fields;

}  // namespace capstan::internal
