// Streams and events of any device that computes beside the processor, through libtorch's device-independent interface:
// no headers of CUDA are needed. A stream is a number of its device; an event is an object.
#pragma once

#include <c10/core/Device.h>
#include <napi.h>

namespace lxmert {

// numDevices(type): how many devices of a type such as 'cuda' there are; 0 where this libtorch knows none
Napi::Value NumDevices(const Napi::CallbackInfo& info);
// setDevice(device): the device that kernels and streams of this thread belong to
Napi::Value SetDevice(const Napi::CallbackInfo& info);
// newStream(device), currentStream(device): a number
Napi::Value NewStream(const Napi::CallbackInfo& info);
Napi::Value CurrentStream(const Napi::CallbackInfo& info);
// exchangeStream(device, stream): makes it this thread's; gives back the one before
Napi::Value ExchangeStream(const Napi::CallbackInfo& info);
// recordStream(tensor, stream): the tensor's memory is not given to others before what now waits in the stream is done
Napi::Value RecordStream(const Napi::CallbackInfo& info);

// A place in a stream.
class DeviceEvent : public Napi::ObjectWrap<DeviceEvent> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit DeviceEvent(const Napi::CallbackInfo& info);
  ~DeviceEvent() override;

 private:
  // record(stream): the event comes when everything that is in the stream now is done
  Napi::Value Record(const Napi::CallbackInfo& info);
  // block(stream): what is put into the stream from now on waits for the event; this thread does not
  Napi::Value Block(const Napi::CallbackInfo& info);
  // query(): has it come?
  Napi::Value Query(const Napi::CallbackInfo& info);
  // synchronize(): this thread waits for it
  Napi::Value Synchronize(const Napi::CallbackInfo& info);

  c10::Device device_;
  void* event_ = nullptr;
};

}  // namespace lxmert
