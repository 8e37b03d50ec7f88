// The NVIDIA GPUs of this machine as the driver tells them, whether or not libtorch was built with CUDA.
#pragma once

#include <napi.h>

namespace lxmert {

// gpus(library): the driver's versions and its GPUs, or null where there is no driver that answers. `library` names
// NVIDIA's management library.
Napi::Value Gpus(const Napi::CallbackInfo& info);

}  // namespace lxmert
