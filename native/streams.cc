// Devices, streams and events by way of the guard that each kind of device registers with libtorch.
#include "streams.h"

#include <ATen/ATen.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <string>

#include "convert.h"
#include "errors.h"
#include "tensor.h"
#include "versions.h"

namespace lxmert {
namespace {

c10::Device DeviceFrom(const Napi::Value& value) {
  c10::Device device(value.ToString().Utf8Value());
  TORCH_CHECK(!device.is_cpu(), "the processor has no streams");
  if (!device.has_index()) device.set_index(0);
  return device;
}

const c10::impl::DeviceGuardImplInterface& GuardOf(c10::Device device) {
  TORCH_CHECK(c10::impl::hasDeviceGuardImpl(device.type()), "this libtorch has no devices like ", device.str());
  return *c10::impl::getDeviceGuardImpl(device.type());
}

c10::Stream StreamFrom(c10::Device device, const Napi::Value& value) {
  bool lossless = false;
  const int64_t id = value.As<Napi::BigInt>().Int64Value(&lossless);
  return c10::Stream(c10::Stream::UNSAFE, device, id);
}

Napi::Value NumberOf(Napi::Env env, const c10::Stream& stream) { return Napi::BigInt::New(env, stream.id()); }

}  // namespace

Napi::Value NumDevices(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "numDevices", [&] {
    const c10::Device device(info[0].ToString().Utf8Value());
    const bool known = c10::impl::hasDeviceGuardImpl(device.type());
    return Napi::Number::New(info.Env(), known ? c10::impl::getDeviceGuardImpl(device.type())->deviceCount() : 0);
  });
}

Napi::Value SetDevice(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "setDevice", [&] {
    const c10::Device device = DeviceFrom(info[0]);
    GuardOf(device).setDevice(device);
    return info.Env().Undefined();
  });
}

Napi::Value NewStream(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "newStream", [&] {
    const c10::Device device = DeviceFrom(info[0]);
    return NumberOf(info.Env(), GuardOf(device).getStreamFromGlobalPool(device, false));
  });
}

Napi::Value CurrentStream(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "currentStream", [&] {
    const c10::Device device = DeviceFrom(info[0]);
    return NumberOf(info.Env(), GuardOf(device).getStream(device));
  });
}

Napi::Value ExchangeStream(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "exchangeStream", [&] {
    const c10::Device device = DeviceFrom(info[0]);
    return NumberOf(info.Env(), GuardOf(device).exchangeStream(StreamFrom(device, info[1])));
  });
}

Napi::Value RecordStream(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "recordStream", [&] {
    const at::Tensor& tensor = TensorHandle::TensorOf(info[0], "tensor");
    GuardOf(tensor.device()).recordDataPtrOnStream(tensor.storage().data_ptr(), StreamFrom(tensor.device(), info[1]));
    return info.Env().Undefined();
  });
}

Napi::Function DeviceEvent::Define(Napi::Env env) {
  return DefineClass(env, "DeviceEvent",
                     {
                         InstanceMethod<&DeviceEvent::Record>("record"),
                         InstanceMethod<&DeviceEvent::Block>("block"),
                         InstanceMethod<&DeviceEvent::Query>("query"),
                         InstanceMethod<&DeviceEvent::Synchronize>("synchronize"),
                     });
}

DeviceEvent::DeviceEvent(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DeviceEvent>(info), device_(c10::DeviceType::CPU) {
  Guard(info.Env(), "DeviceEvent", [&] { device_ = DeviceFrom(info[0]); });
}

DeviceEvent::~DeviceEvent() {
  if (event_ != nullptr) c10::impl::getDeviceGuardImpl(device_.type())->destroyEvent(event_, device_.index());
}

Napi::Value DeviceEvent::Record(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "record", [&] {
    // Without times: such an event costs less, and none of its readers wants them.
    GuardOf(device_).record(&event_, StreamFrom(device_, info[0]), device_.index(), EventFlag::PYTORCH_DEFAULT);
    return info.Env().Undefined();
  });
}

Napi::Value DeviceEvent::Block(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "block", [&] {
    if (event_ != nullptr) GuardOf(device_).block(event_, StreamFrom(device_, info[0]));
    return info.Env().Undefined();
  });
}

Napi::Value DeviceEvent::Query(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "query", [&] {
    return Napi::Boolean::New(info.Env(), event_ == nullptr || GuardOf(device_).queryEvent(event_));
  });
}

Napi::Value DeviceEvent::Synchronize(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "synchronize", [&] {
    if (event_ != nullptr) WaitForEvent(GuardOf(device_), event_);
    return info.Env().Undefined();
  });
}

}  // namespace lxmert
