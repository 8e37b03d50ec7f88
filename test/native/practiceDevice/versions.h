// What differs between the versions of libtorch that the practice device is built for.
#pragma once

#include <c10/core/Allocator.h>
#include <c10/core/Device.h>
#include <c10/core/DeviceType.h>
#include <torch/csrc/api/include/torch/version.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#define PRACTICE_LIBTORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

// libtorch dropped the const in 2.3.
#if PRACTICE_LIBTORCH_AT_LEAST(2, 3)
#define PRACTICE_ALLOCATE_CONST
#else
#define PRACTICE_ALLOCATE_CONST const
#endif

// Since 2.3 a device of its own is an accelerator, which libtorch asks for its generator, its streams and pinned memory
// by these hooks. Before, generators and pinned memory are CUDA's alone, and nothing here can change that.
#if PRACTICE_LIBTORCH_AT_LEAST(2, 3)
#define PRACTICE_HAS_HOOKS

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/Storage.h>
#endif

namespace practice {

#ifdef PRACTICE_HAS_HOOKS
// Without `override` where releases differ in a const or an argument: there the function is not asked for, but it
// compiles.
struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const { return true; }
  bool isAvailable() const { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex) const override { return 0; }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex) const override { return 0; }
  void setCurrentDevice(c10::DeviceIndex) const override {}
  // The CPU's own: the kernels are the CPU's, so a seed gives the same numbers on both.
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const { return at::detail::getDefaultCPUGenerator(); }
  at::Generator getNewGenerator(c10::DeviceIndex = -1) const { return at::detail::createCPUGenerator(); }
  c10::Allocator* getPinnedMemoryAllocator() const override { return c10::GetCPUAllocator(); }
  void resizePrivateUse1Bytes(const c10::Storage& storage, size_t num_bytes) const {
    c10::DataPtr larger = storage.allocator()->allocate(num_bytes);
    storage.allocator()->copy_data(larger.get(), storage.data(), std::min(num_bytes, storage.nbytes()));
    storage.set_data_ptr_noswap(std::move(larger));
    storage.set_nbytes(num_bytes);
  }
};

inline void RegisterHooks() {
  c10::register_privateuse1_backend("privateuseone");
  at::RegisterPrivateUse1HooksInterface(new Hooks());
}
#else
inline void RegisterHooks() {}
#endif

}  // namespace practice
