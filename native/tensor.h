// The handle that JavaScript holds for a tensor.
#pragma once

#include <ATen/ATen.h>
#include <napi.h>

#include <string>

namespace lxmert {

class TensorHandle : public Napi::ObjectWrap<TensorHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  // A new handle, an instance of the TypeScript class, for `tensor`.
  static Napi::Object Wrap(Napi::Env env, at::Tensor tensor);
  // True when `value` is a handle made here (alive or disposed).
  static bool Is(const Napi::Value& value);
  // The tensor behind `value`; a TypeError says what was found instead, or that the handle was disposed.
  static const at::Tensor& TensorOf(const Napi::Value& value, const char* role);

  explicit TensorHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override;

 private:
  Napi::Value Sizes(const Napi::CallbackInfo& info);
  Napi::Value Strides(const Napi::CallbackInfo& info);
  Napi::Value DType(const Napi::CallbackInfo& info);
  Napi::Value Device(const Napi::CallbackInfo& info);
  Napi::Value NumElements(const Napi::CallbackInfo& info);
  Napi::Value IsContiguous(const Napi::CallbackInfo& info);
  Napi::Value IsLeaf(const Napi::CallbackInfo& info);
  Napi::Value IsDisposed(const Napi::CallbackInfo& info);
  Napi::Value GetRequiresGrad(const Napi::CallbackInfo& info);
  void SetRequiresGrad(const Napi::CallbackInfo& info, const Napi::Value& value);
  Napi::Value GetGrad(const Napi::CallbackInfo& info);
  void SetGrad(const Napi::CallbackInfo& info, const Napi::Value& value);
  Napi::Value Item(const Napi::CallbackInfo& info);
  Napi::Value Data(const Napi::CallbackInfo& info);
  Napi::Value SharesStorageWith(const Napi::CallbackInfo& info);
  void Adopt(const Napi::CallbackInfo& info);
  void AccountMemory(const Napi::CallbackInfo& info);
  void Dispose(const Napi::CallbackInfo& info);

  const at::Tensor& Alive(Napi::Env env) const;
  void Release(Napi::Env env);

  at::Tensor tensor_;
  bool disposed_ = false;
  int64_t accounted_bytes_ = 0;
};

}  // namespace lxmert
