// What is in force in this process: threads, malloc's settings, the BLAS that is loaded, instruction sets, CUDA.
#include "runtime.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <torch/csrc/api/include/torch/version.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "convert.h"
#include "engine/crew.h"
#include "errors.h"
#include "kernels/int8_kernels.h"
#include "kernels/kernels.h"
#include "loading_pages.h"

namespace lxmert {
namespace {

bool malloc_tuned = false;

int CollectLibrary(dl_phdr_info* info, size_t, void* out) {
  if (info->dlpi_name != nullptr && *info->dlpi_name != '\0') {
    static_cast<std::vector<std::string>*>(out)->emplace_back(info->dlpi_name);
  }
  return 0;
}

std::vector<std::string> LoadedLibraries() {
  std::vector<std::string> names;
  dl_iterate_phdr(CollectLibrary, &names);
  return names;
}

// A symbol of a library that is loaded already, or null.
void* SymbolOf(const std::string& library, const char* symbol) {
  void* handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return nullptr;
  void* address = dlsym(handle, symbol);
  dlclose(handle);
  return address;
}

std::string FileNameOf(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

Napi::Value OpenBlasInfo(Napi::Env env, const std::string& library) {
  // openblas_get_parallel: 0 serial, 1 pthread, 2 OpenMP.
  const auto parallel = reinterpret_cast<int (*)()>(SymbolOf(library, "openblas_get_parallel"));
  const auto core = reinterpret_cast<char* (*)()>(SymbolOf(library, "openblas_get_corename"));
  const auto config = reinterpret_cast<char* (*)()>(SymbolOf(library, "openblas_get_config"));
  const auto threads = reinterpret_cast<int (*)()>(SymbolOf(library, "openblas_get_num_threads"));
  if (parallel == nullptr || core == nullptr) return env.Null();
  constexpr const char* kKinds[] = {"openblas-serial", "openblas-pthread", "openblas-openmp"};
  const int kind = parallel();
  Napi::Object result = Napi::Object::New(env);
  result.Set("library", library);
  result.Set("kind", kind >= 0 && kind <= 2 ? kKinds[kind] : "unknown");
  result.Set("coreName", core());
  result.Set("numThreads", threads == nullptr ? env.Null() : Napi::Value(Napi::Number::New(env, threads())));
  result.Set("config", config == nullptr ? "" : config());
  return result;
}

Napi::Value PlainBlas(Napi::Env env, const std::string& library, const char* kind) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("library", library);
  result.Set("kind", kind);
  result.Set("coreName", "");
  result.Set("numThreads", env.Null());
  result.Set("config", "");
  return result;
}

Napi::Value BlasInfo(Napi::Env env) {
  const std::vector<std::string> libraries = LoadedLibraries();
  for (const std::string& library : libraries) {
    const Napi::Value info = OpenBlasInfo(env, library);
    if (!info.IsNull() && FileNameOf(library).find("blas") != std::string::npos) return info;
  }
  for (const std::string& library : libraries) {
    const std::string name = FileNameOf(library);
    if (name.rfind("libmkl_", 0) == 0) return PlainBlas(env, library, "mkl");
    if (name.rfind("libblas.so", 0) == 0) return PlainBlas(env, library, "reference");
  }
  // MKL linked into libtorch itself leaves no library of its own.
  if (at::hasMKL()) return PlainBlas(env, "", "mkl");
  return env.Null();
}

// The instruction set that libtorch's own kernels run with, from the line it prints about itself.
std::string CpuCapability(const std::string& config) {
  const std::string label = "CPU capability usage: ";
  const auto start = config.find(label);
  if (start == std::string::npos) return "unknown";
  const auto first = start + label.size();
  return config.substr(first, config.find('\n', first) - first);
}

// "13.2" of 13020, as CUDA counts; null for what counts as none.
Napi::Value CudaVersion(Napi::Env env, long version) {
  if (version <= 0) return env.Null();
  return Napi::String::New(env, std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10));
}

// "9.26.0" of 92600, and "8.9.5" of 8905: up to version 8 the major number counted thousands.
Napi::Value CudnnVersion(Napi::Env env, long version) {
  if (version <= 0) return env.Null();
  const long unit = version < 10000 ? 1000 : 10000;
  const std::string minor = std::to_string(version % unit / 100), patch = std::to_string(version % 100);
  return Napi::String::New(env, std::to_string(version / unit) + "." + minor + "." + patch);
}

bool KeepMemory(int trim_threshold, int top_pad) {
  return mallopt(M_TRIM_THRESHOLD, trim_threshold) == 1 && mallopt(M_TOP_PAD, top_pad) == 1;
}

bool KeepMemory() { return KeepMemory(-1, 64 << 20); }

// malloc_trim leaves what is free at the end of a thread's arena, up to 64 MB of it: that goes back to the system with
// the next piece of some size that is freed there, where malloc may not keep it. The arena of the thread that calls.
void ReleaseEndOfArena() {
  if (!malloc_tuned) return;
  KeepMemory(0, 0);
  void* volatile piece = std::malloc(size_t{1} << 17);
  std::free(piece);
  KeepMemory();
}

}  // namespace

void TuneMalloc() {
  if (malloc_tuned) return;
  // A tensor of some megabytes lives for microseconds. By default each is a fresh mapping, and its page faults
  // cost more than the arithmetic on it: measured a fifth to a half of a training step. So: no mappings, and
  // freed memory stays with the process for the next step.
  malloc_tuned = mallopt(M_MMAP_MAX, 0) == 1 && KeepMemory();
}

Napi::Value RuntimeInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, "runtimeInfo", [&]() -> Napi::Value {
    Napi::Object result = Napi::Object::New(env);
    result.Set("torchVersion", TORCH_VERSION);
    const std::string config = at::show_config();
    result.Set("torchConfig", config);
    result.Set("parallelInfo", at::get_parallel_info());
    result.Set("numThreads", Napi::Number::New(env, at::get_num_threads()));
    result.Set("cpuCapability", CpuCapability(config));
    // The hooks tell what libtorch was built with where at::hasCUDA() says no for want of a driver or a GPU.
    const auto& cuda = at::detail::getCUDAHooks();
    result.Set("cudaBuild", CudaVersion(env, cuda.hasCUDART() ? cuda.versionCUDART() : 0));
    result.Set("cudnnBuild", CudnnVersion(env, cuda.compiledWithCuDNN() ? cuda.versionCuDNN() : 0));
    result.Set("cudaAvailable", Napi::Boolean::New(env, at::hasCUDA()));
    result.Set(
        "cudaDevices",
        Napi::Number::New(env, at::hasCUDA() ? static_cast<double>(at::detail::getCUDAHooks().getNumGPUs()) : 0));
    result.Set("oneDnn", Napi::Boolean::New(env, at::hasMKLDNN()));
    result.Set("fusedKernels", ActiveKernels().name);
    result.Set("int8Kernels", ActiveInt8Kernels().name);
    result.Set("blas", BlasInfo(env));
    result.Set("mallocKeepsMemory", Napi::Boolean::New(env, malloc_tuned));
    return result;
  });
}

Napi::Value AllowTf32(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "allowTf32", [&] {
    const bool allowed = info[0].ToBoolean().Value();
    at::globalContext().setAllowTF32CuBLAS(allowed);
    at::globalContext().setAllowTF32CuDNN(allowed);
    return info.Env().Undefined();
  });
}

Napi::Value ReleaseFreeMemory(const Napi::CallbackInfo& info) {
  ReleaseEndOfArena();
  malloc_trim(0);
  return info.Env().Undefined();
}

Napi::Value ReleaseLoadingPagesOfProcess(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(ReleaseLoadingPages()));
}

Napi::Value GetNumThreads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), at::get_num_threads());
}

Napi::Value AdaptThreads(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "adaptThreads", [&] {
    Crew::Adapt(info[0].ToBoolean().Value(), info[1].ToNumber().DoubleValue());
    return info.Env().Undefined();
  });
}

Napi::Value SetNumThreads(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "setNumThreads", [&] {
    const int64_t threads = IntegerFrom(info[0], "numThreads");
    TORCH_CHECK(threads >= 1 && threads <= 4096, "expected 1 to 4096 threads but received ", threads);
    at::set_num_threads(static_cast<int>(threads));
    return info.Env().Undefined();
  });
}

}  // namespace lxmert
