// Any operator that libtorch's dispatcher knows, by its schema name.
#pragma once

#include <napi.h>

namespace lxmert {

// resolveOperator(name, overload) -> { id, schema, numArguments }
Napi::Value ResolveOperator(const Napi::CallbackInfo& info);
// callOperator(id, ...arguments in the schema's order) -> result, or an array of results
Napi::Value CallOperator(const Napi::CallbackInfo& info);

}  // namespace lxmert
