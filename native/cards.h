// The NVIDIA cards of this machine as the driver tells them, whether or not libtorch was built with CUDA.
#pragma once

#include <napi.h>

namespace lxmert {

// cards(library): the driver's versions and its cards, or null where there is no driver that answers. `library` names
// NVIDIA's management library.
Napi::Value Cards(const Napi::CallbackInfo& info);

}  // namespace lxmert
