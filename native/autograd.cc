// The backward pass, gradients of outputs by inputs, and whether operations are recorded.
#include "autograd.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

#include "convert.h"
#include "errors.h"
#include "tensor.h"

namespace lxmert {
namespace {

std::vector<at::Tensor> TensorsFrom(const Napi::Value& value, const char* role) {
  std::vector<at::Tensor> tensors;
  if (value.IsNull() || value.IsUndefined()) return tensors;
  if (!value.IsArray()) {
    throw Napi::TypeError::New(value.Env(), std::string("expected an array of tensors for '") + role +
                                                "' but received " + DescribeValue(value));
  }
  const Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) tensors.push_back(TensorHandle::TensorOf(array.Get(i), role));
  return tensors;
}

}  // namespace

Napi::Value Backward(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "backward", [&] {
    torch::autograd::backward(TensorsFrom(info[0], "tensors"), TensorsFrom(info[1], "gradients"),
                              info[2].ToBoolean().Value());
    return info.Env().Undefined();
  });
}

Napi::Value Gradients(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "gradients", [&]() -> Napi::Value {
    const auto gradients =
        torch::autograd::grad(TensorsFrom(info[0], "outputs"), TensorsFrom(info[1], "inputs"),
                              TensorsFrom(info[2], "outputGradients"), info[3].ToBoolean().Value(), false, true);
    Napi::Array result = Napi::Array::New(info.Env(), gradients.size());
    for (uint32_t i = 0; i < gradients.size(); i++) {
      result.Set(
          i, gradients[i].defined() ? Napi::Value(TensorHandle::Wrap(info.Env(), gradients[i])) : info.Env().Null());
    }
    return result;
  });
}

Napi::Value SetGradEnabled(const Napi::CallbackInfo& info) {
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(info[0].ToBoolean().Value());
  return Napi::Boolean::New(info.Env(), before);
}

}  // namespace lxmert
