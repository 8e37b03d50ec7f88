// The process around the kernels: threads, malloc, and which libraries are in force.
#pragma once

#include <napi.h>

namespace lxmert {

// Makes malloc keep its memory. Called once, when the addon is loaded.
void TuneMalloc();
Napi::Value RuntimeInfo(const Napi::CallbackInfo& info);
Napi::Value GetNumThreads(const Napi::CallbackInfo& info);
// releaseFreeMemory(): gives what malloc keeps back to the system.
// releaseLoadingPages(): bytes of libraries' files that were let go; see loading_pages.h
// allowTf32(allowed): whether float32 products and convolutions may round their factors to TF32 on a GPU
Napi::Value AllowTf32(const Napi::CallbackInfo& info);
Napi::Value ReleaseFreeMemory(const Napi::CallbackInfo& info);
Napi::Value ReleaseLoadingPagesOfProcess(const Napi::CallbackInfo& info);
Napi::Value SetNumThreads(const Napi::CallbackInfo& info);
Napi::Value AdaptThreads(const Napi::CallbackInfo& info);

}  // namespace lxmert
