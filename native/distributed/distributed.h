// Processes that work together: a store of keys that all of them see, and operations that all take part in.
#pragma once

#include <napi.h>

namespace lxmert {

// Adds to the exports: distributedSupport() -> { gloo, nccl, reason }, localAddress(host), and, where libtorch has
// process groups, the classes KeyStore, CollectiveGroup and GradientReducer.
void DefineDistributed(Napi::Env env, Napi::Object exports);

}  // namespace lxmert
