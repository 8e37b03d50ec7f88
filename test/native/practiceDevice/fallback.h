// How the practice device computes: every operator is the CPU's, called on tensors that alias the device's memory.
#pragma once

#include <ATen/ATen.h>

#include <utility>
#include <vector>

namespace practice {

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;
inline c10::Device TheDevice() { return c10::Device(kType, 0); }
inline bool IsOurs(const at::Tensor& tensor) { return tensor.defined() && tensor.device().type() == kType; }

// One call's translation. A storage of the device has one alias on the host, so tensors that share memory still do;
// and what comes back over an alias is a view of the device's storage.
class HostCall {
 public:
  c10::IValue ToHost(const c10::IValue& value);
  at::Tensor ToHost(const at::Tensor& tensor);
  c10::IValue ToDevice(const c10::IValue& value);
  at::Tensor ToDevice(const at::Tensor& tensor);
  // Gives the device's tensors what the call did to their aliases besides their values: another size or storage.
  void Finish();
  // Whether the call named the processor as the place of its results.
  bool results_stay_on_host = false;

 private:
  c10::Storage HostStorage(const c10::Storage& storage);
  c10::Storage DeviceStorage(const c10::Storage& storage);

  // Pairs of the device's and the host's.
  std::vector<std::pair<c10::Storage, c10::Storage>> storages_;
  std::vector<std::pair<at::Tensor, at::Tensor>> tensors_;
};

// Registers the fallback. An operator with a kernel for the CPU gets it by name, for else libtorch's decompositions
// would come first: one operator is one kernel, as on a GPU.
void RegisterFallback();

}  // namespace practice
