// Gradients.
#pragma once

#include <napi.h>

namespace lxmert {

// backward(tensors, gradients | null, retainGraph)
Napi::Value Backward(const Napi::CallbackInfo& info);
// gradients(outputs, inputs, outputGradients | null, retainGraph) -> array of Tensor | null
Napi::Value Gradients(const Napi::CallbackInfo& info);
// setGradEnabled(enabled) -> whether it was enabled before
Napi::Value SetGradEnabled(const Napi::CallbackInfo& info);

}  // namespace lxmert
