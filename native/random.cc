// The seed and the state of each device's generator.
#include "random.h"

#include <ATen/ATen.h>

#include <mutex>

#include "convert.h"
#include "errors.h"
#include "tensor.h"
#include "versions.h"

namespace lxmert {
namespace {

at::Generator GeneratorOf(const Napi::Value& device) {
  return DefaultGenerator(at::Device(device.ToString().Utf8Value()));
}

}  // namespace

Napi::Value ManualSeed(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "manualSeed", [&] {
    at::manual_seed(static_cast<uint64_t>(IntegerFrom(info[0], "seed")));
    return info.Env().Undefined();
  });
}

Napi::Value RandomState(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "randomState", [&]() -> Napi::Value {
    at::Generator generator = GeneratorOf(info[0]);
    const std::lock_guard<std::mutex> lock(generator.mutex());
    return TensorHandle::Wrap(info.Env(), generator.get_state());
  });
}

Napi::Value SetRandomState(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "setRandomState", [&] {
    at::Generator generator = GeneratorOf(info[0]);
    const at::Tensor& state = TensorHandle::TensorOf(info[1], "state");
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(state);
    return info.Env().Undefined();
  });
}

}  // namespace lxmert
