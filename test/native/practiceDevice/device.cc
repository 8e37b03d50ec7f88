// A device for tests that behaves like a GPU but computes on the processor: tensors on `privateuseone:0` whose memory
// is the host's. Loaded as an addon after the bridge, into the same libtorch.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <napi.h>
#include <torch/library.h>

#include <cstdlib>

#include "counts.h"
#include "fallback.h"
#include "versions.h"

namespace practice {
namespace {

constexpr size_t kAlignment = 64;

class Allocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t num_bytes) PRACTICE_ALLOCATE_CONST override {
    void* data = nullptr;
    if (num_bytes > 0) {
      data = std::aligned_alloc(kAlignment, (num_bytes + kAlignment - 1) / kAlignment * kAlignment);
      TORCH_CHECK(data != nullptr, "the practice device is out of memory: ", num_bytes, " bytes were asked for");
    }
    return {data, data, &std::free, TheDevice()};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &std::free; }
#if PRACTICE_LIBTORCH_AT_LEAST(2, 1)
  void copy_data(void* target, const void* source, size_t count) const override {
    default_copy_data(target, source, count);
  }
#endif
};

Allocator allocator;
REGISTER_ALLOCATOR(kType, &allocator)

// One device with one stream, whose work is done when the call returns. libtorch's own guard that does nothing names
// the device -1, which the autograd engine does not take.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device device) const override {
    setDevice(device);
    return TheDevice();
  }
  c10::Device getDevice() const override { return TheDevice(); }
  void setDevice(c10::Device device) const override {
    TORCH_CHECK(device.type() == kType && device.index() <= 0, "there is one practice device, but ", device,
                " was asked for");
  }
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const noexcept override { return TheStream(); }
  c10::Stream getDefaultStream(c10::Device) const override { return TheStream(); }
  c10::Stream getStreamFromGlobalPool(c10::Device, bool) const override { return TheStream(); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return TheStream(); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override { CountSynchronization(); }
  // Newer releases ask for these too; older ones do not know them, so they do not say `override`.
  c10::Stream getNewStream(c10::Device, int) const { return TheStream(); }
  void synchronizeEvent(void*) const { CountSynchronization(); }
  void synchronizeDevice(const c10::DeviceIndex) const { CountSynchronization(); }

 private:
  static c10::Stream TheStream() { return c10::Stream(c10::Stream::DEFAULT, TheDevice()); }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

void CheckDevice(const c10::optional<c10::Device>& device) {
  TORCH_CHECK(!device.has_value() || device->index() <= 0, "there is one practice device, but ", *device,
              " was asked for");
}

at::Tensor Empty(at::IntArrayRef size, c10::optional<at::ScalarType> dtype, c10::optional<at::Layout>,
                 c10::optional<at::Device> device, c10::optional<bool>, c10::optional<at::MemoryFormat> memory_format) {
  CheckDevice(device);
  return at::detail::empty_generic(size, &allocator, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   c10::dtype_or_default(dtype), memory_format);
}

at::Tensor EmptyStrided(at::IntArrayRef size, at::IntArrayRef stride, c10::optional<at::ScalarType> dtype,
                        c10::optional<at::Layout>, c10::optional<at::Device> device, c10::optional<bool>) {
  CheckDevice(device);
  return at::detail::empty_strided_generic(size, stride, &allocator, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           c10::dtype_or_default(dtype));
}

// Every copy to, from and within the device comes here.
at::Tensor CopyFrom(const at::Tensor& self, const at::Tensor& target, bool non_blocking) {
  if (IsOurs(self) && target.is_cpu() && !non_blocking) CountSynchronization();
  const at::AutoDispatchBelowADInplaceOrView guard;
  HostCall call;
  call.ToHost(target).copy_(call.ToHost(self));
  return target;
}

at::Tensor CopyFromAndResize(const at::Tensor& self, const at::Tensor& target) {
  target.resize_(self.sizes());
  return CopyFrom(self, target, false);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &Empty);
  library.impl("empty_strided", &EmptyStrided);
  library.impl("_copy_from", &CopyFrom);
  library.impl("_copy_from_and_resize", &CopyFromAndResize);
}

Napi::Value NumSynchronizationsOf(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(counts.synchronizations.load()));
}

Napi::Value NumFallbacksOf(const Napi::CallbackInfo& info) {
  const std::string name = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
  return Napi::Number::New(info.Env(), static_cast<double>(NumFallbacks(name)));
}

Napi::Value ResetAllCounts(const Napi::CallbackInfo& info) {
  ResetCounts();
  return info.Env().Undefined();
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  // An addon is initialised once for each thread of JavaScript, libtorch's registry once for the process.
  static const bool registered = [] {
    RegisterHooks();
    RegisterFallback();
    return true;
  }();
  (void)registered;
  exports.Set("numSynchronizations", Napi::Function::New(env, NumSynchronizationsOf, "numSynchronizations"));
  exports.Set("numFallbacks", Napi::Function::New(env, NumFallbacksOf, "numFallbacks"));
  exports.Set("resetCounts", Napi::Function::New(env, ResetAllCounts, "resetCounts"));
  return exports;
}

NODE_API_MODULE(practice_device, Init)

}  // namespace
}  // namespace practice
