// libtorch's generators: dropout and initial weights are drawn from them.
#pragma once

#include <napi.h>

namespace lxmert {

// manualSeed(seed): every device's generator.
Napi::Value ManualSeed(const Napi::CallbackInfo& info);
// randomState(device) -> Tensor of uint8, and setRandomState(device, state)
Napi::Value RandomState(const Napi::CallbackInfo& info);
Napi::Value SetRandomState(const Napi::CallbackInfo& info);

}  // namespace lxmert
