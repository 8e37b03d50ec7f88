// The class of JavaScript's tensors: what it tells of a tensor, and when it lets go of it.
#include "tensor.h"

#include <utility>

#include "addon_data.h"
#include "convert.h"
#include "errors.h"
#include "memory.h"

namespace lxmert {
namespace {

// Marks our objects: an object of another addon must never be read as one of ours.
constexpr napi_type_tag kTensorTag = {0x6c786d6572743a74ULL, 0x656e736f72000001ULL};

Napi::Array ToArray(Napi::Env env, at::IntArrayRef values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (size_t i = 0; i < values.size(); i++) {
    array.Set(static_cast<uint32_t>(i), Napi::Number::New(env, static_cast<double>(values[i])));
  }
  return array;
}

}  // namespace

Napi::Function TensorHandle::Define(Napi::Env env) {
  return DefineClass(
      env, "TensorHandle",
      {
          InstanceMethod<&TensorHandle::Sizes>("sizes"),
          InstanceMethod<&TensorHandle::Strides>("stridesOf"),
          InstanceMethod<&TensorHandle::DType>("dtypeName"),
          InstanceMethod<&TensorHandle::Device>("deviceName"),
          InstanceMethod<&TensorHandle::NumElements>("numElements"),
          InstanceMethod<&TensorHandle::Item>("itemValue"),
          InstanceMethod<&TensorHandle::Data>("dataView"),
          InstanceMethod<&TensorHandle::SharesStorageWith>("sharesStorageWith"),
          InstanceMethod<&TensorHandle::Adopt>("adopt"),
          InstanceMethod<&TensorHandle::AccountMemory>("accountMemory"),
          InstanceMethod<&TensorHandle::Dispose>("release"),
          InstanceAccessor<&TensorHandle::IsContiguous>("isContiguous"),
          InstanceAccessor<&TensorHandle::IsLeaf>("isLeaf"),
          InstanceAccessor<&TensorHandle::IsDisposed>("isDisposed"),
          InstanceAccessor<&TensorHandle::GetRequiresGrad, &TensorHandle::SetRequiresGrad>("requiresGrad"),
          InstanceAccessor<&TensorHandle::GetGrad, &TensorHandle::SetGrad>("grad"),
      });
}

Napi::Object TensorHandle::Wrap(Napi::Env env, at::Tensor tensor) {
  AddonData& data = AddonData::Of(env);
  if (data.tensor_class.IsEmpty()) {
    throw Napi::Error::New(env, "The bridge was used before setTensorClass named the class of its results.");
  }
  data.pending = std::move(tensor);
  return data.tensor_class.New({});
}

bool TensorHandle::Is(const Napi::Value& value) {
  return value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&kTensorTag);
}

const at::Tensor& TensorHandle::TensorOf(const Napi::Value& value, const char* role) {
  if (!Is(value)) {
    throw Napi::TypeError::New(
        value.Env(), std::string("Expected a Tensor for ") + role + " but received " + DescribeValue(value) + ".");
  }
  const TensorHandle* handle = Napi::ObjectWrap<TensorHandle>::Unwrap(value.As<Napi::Object>());
  if (handle->disposed_) {
    throw Napi::Error::New(value.Env(), std::string("The tensor given for ") + role + " was disposed before this use.");
  }
  return handle->tensor_;
}

TensorHandle::TensorHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TensorHandle>(info) {
  AddonData& data = AddonData::Of(info.Env());
  if (!data.pending.defined()) {
    disposed_ = true;
    throw Napi::TypeError::New(info.Env(), "A Tensor is made by an operator or a factory, not by `new Tensor`.");
  }
  tensor_ = std::move(data.pending);
  data.pending = at::Tensor();
  info.This().As<Napi::Object>().TypeTag(&kTensorTag);
  data.live_tensors++;
}

// Runs when the collector finds a handle that nobody disposed.
void TensorHandle::Finalize(Napi::Env env) { Release(env); }

void TensorHandle::Release(Napi::Env env) {
  if (disposed_) return;
  disposed_ = true;
  tensor_.reset();
  if (auto* data = env.GetInstanceData<AddonData>()) {
    data->live_tensors--;
    data->releases->Drain(env);
  }
  if (accounted_bytes_ != 0) Napi::MemoryManagement::AdjustExternalMemory(env, -accounted_bytes_);
  accounted_bytes_ = 0;
}

const at::Tensor& TensorHandle::Alive(Napi::Env env) const {
  if (disposed_) throw Napi::Error::New(env, "This tensor was disposed before this use.");
  return tensor_;
}

Napi::Value TensorHandle::Sizes(const Napi::CallbackInfo& info) {
  return ToArray(info.Env(), Alive(info.Env()).sizes());
}

Napi::Value TensorHandle::Strides(const Napi::CallbackInfo& info) {
  return ToArray(info.Env(), Alive(info.Env()).strides());
}

Napi::Value TensorHandle::DType(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), NameOf(Alive(info.Env()).scalar_type()));
}

Napi::Value TensorHandle::Device(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), Alive(info.Env()).device().str());
}

Napi::Value TensorHandle::NumElements(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(Alive(info.Env()).numel()));
}

Napi::Value TensorHandle::IsContiguous(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Alive(info.Env()).is_contiguous());
}

Napi::Value TensorHandle::IsLeaf(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Alive(info.Env()).is_leaf());
}

Napi::Value TensorHandle::IsDisposed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), disposed_);
}

Napi::Value TensorHandle::GetRequiresGrad(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Alive(info.Env()).requires_grad());
}

void TensorHandle::SetRequiresGrad(const Napi::CallbackInfo& info, const Napi::Value& value) {
  Guard(info.Env(), "requiresGrad", [&] { Alive(info.Env()).set_requires_grad(value.ToBoolean().Value()); });
}

Napi::Value TensorHandle::GetGrad(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "grad", [&]() -> Napi::Value {
    const at::Tensor& grad = Alive(info.Env()).grad();
    return grad.defined() ? Napi::Value(Wrap(info.Env(), grad)) : info.Env().Null();
  });
}

void TensorHandle::SetGrad(const Napi::CallbackInfo& info, const Napi::Value& value) {
  Guard(info.Env(), "grad", [&] {
    const at::Tensor& tensor = Alive(info.Env());
    tensor.mutable_grad() = value.IsNull() || value.IsUndefined() ? at::Tensor() : TensorOf(value, "grad");
  });
}

Napi::Value TensorHandle::Item(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "item", [&] { return ToJs(info.Env(), Alive(info.Env()).item()); });
}

Napi::Value TensorHandle::Data(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "data", [&] { return ViewOf(info.Env(), Alive(info.Env())); });
}

Napi::Value TensorHandle::SharesStorageWith(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Alive(info.Env()).is_alias_of(TensorOf(info[0], "other")));
}

// adopt(other): this handle is of the other's memory from now on, on whichever device that is; what a leaf is trained
// as stays as it was. Graphs made before keep what they were made with.
void TensorHandle::Adopt(const Napi::CallbackInfo& info) {
  Guard(info.Env(), "adopt", [&] {
    const bool requires_grad = Alive(info.Env()).requires_grad();
    tensor_ = TensorOf(info[0], "other").detach();
    tensor_.set_requires_grad(requires_grad);
  });
}

// Called for tensors outside every scope only: their end is the collector's business, so it has to know their
// size. Telling it of the short-lived ones would make it run all the time for nothing.
void TensorHandle::AccountMemory(const Napi::CallbackInfo& info) {
  if (disposed_ || accounted_bytes_ != 0) return;
  accounted_bytes_ = static_cast<int64_t>(tensor_.nbytes());
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), accounted_bytes_);
}

void TensorHandle::Dispose(const Napi::CallbackInfo& info) { Release(info.Env()); }

}  // namespace lxmert
