// Questions to NVIDIA's management library, opened at run time: the driver's versions, and each GPU's name and memory.
#include "gpus.h"

#include <dlfcn.h>

#include <string>

#include "errors.h"

namespace lxmert {
namespace {

// The driver's management library (NVML), opened for the time of one question. What of its interface is used has not
// changed since CUDA 5, so it is declared here and the build needs no headers of CUDA.
class ManagementLibrary {
 public:
  explicit ManagementLibrary(const std::string& name) : handle_(dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL)) {
    answers_ = handle_ != nullptr && Call("nvmlInit_v2");
  }

  ~ManagementLibrary() {
    if (answers_) Call("nvmlShutdown");
    if (handle_ != nullptr) dlclose(handle_);
  }

  ManagementLibrary(const ManagementLibrary&) = delete;
  ManagementLibrary& operator=(const ManagementLibrary&) = delete;

  bool Answers() const { return answers_; }

  // Calls a function by the types of these arguments, which must be those of its declaration. False when it fails, and
  // when this version of the library does not have it.
  template <typename... Arguments>
  bool Call(const char* function, Arguments... arguments) const {
    const auto address = reinterpret_cast<int (*)(Arguments...)>(dlsym(handle_, function));
    return address != nullptr && address(arguments...) == 0;
  }

  // What a function writes as text after its other arguments, or `otherwise` when it fails.
  template <typename... Arguments>
  std::string Text(const char* function, const char* otherwise, Arguments... arguments) const {
    char text[128] = {};
    const auto size = static_cast<unsigned int>(sizeof text - 1);
    return Call(function, arguments..., static_cast<char*>(text), size) ? text : otherwise;
  }

 private:
  void* handle_;
  bool answers_ = false;
};

using Gpu = void*;

// nvmlMemory_t.
struct Memory {
  unsigned long long total, free, used;
};

// The version of CUDA that the driver can run, as "12.4"; null when it does not tell.
Napi::Value CudaVersion(Napi::Env env, const ManagementLibrary& library) {
  int version = 0;
  // The first asks the driver's CUDA library, which a container may lack.
  if (!library.Call("nvmlSystemGetCudaDriverVersion_v2", &version) &&
      !library.Call("nvmlSystemGetCudaDriverVersion", &version)) {
    return env.Null();
  }
  return Napi::String::New(env, std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10));
}

Napi::Value Describe(Napi::Env env, const ManagementLibrary& library, unsigned int index, Gpu gpu) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("index", Napi::Number::New(env, index));
  result.Set("name", library.Text("nvmlDeviceGetName", "NVIDIA GPU", gpu));
  result.Set("uuid", library.Text("nvmlDeviceGetUUID", "", gpu));
  // A GPU that shares the processor's memory has none of its own to tell.
  Memory memory = {};
  const bool has_memory = library.Call("nvmlDeviceGetMemoryInfo", gpu, &memory);
  const auto bytes = [&](unsigned long long count) -> Napi::Value {
    return has_memory ? Napi::Value(Napi::Number::New(env, static_cast<double>(count))) : env.Null();
  };
  result.Set("totalBytes", bytes(memory.total));
  result.Set("freeBytes", bytes(memory.free));
  int major = 0, minor = 0;
  const bool has_capability = library.Call("nvmlDeviceGetCudaComputeCapability", gpu, &major, &minor);
  const std::string capability = std::to_string(major) + "." + std::to_string(minor);
  result.Set("computeCapability", has_capability ? Napi::Value(Napi::String::New(env, capability)) : env.Null());
  return result;
}

}  // namespace

Napi::Value Gpus(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, "gpus", [&]() -> Napi::Value {
    const ManagementLibrary library(info[0].As<Napi::String>());
    if (!library.Answers()) return env.Null();
    Napi::Array gpus = Napi::Array::New(env);
    unsigned int count = 0;
    if (!library.Call("nvmlDeviceGetCount_v2", &count)) count = 0;
    for (unsigned int index = 0; index < count; ++index) {
      Gpu gpu = nullptr;
      // One that this process may not use has no handle.
      if (!library.Call("nvmlDeviceGetHandleByIndex_v2", index, &gpu)) continue;
      gpus[gpus.Length()] = Describe(env, library, index, gpu);
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("driverVersion", library.Text("nvmlSystemGetDriverVersion", "unknown"));
    result.Set("cudaDriverVersion", CudaVersion(env, library));
    result.Set("gpus", gpus);
    return result;
  });
}

}  // namespace lxmert
