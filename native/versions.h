// What differs between the versions of libtorch that the bridge is built for, 1.13 and 2.x, in one place.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/autograd/variable.h>

#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#ifdef LXMERT_WITH_C10D
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#if TORCH_VERSION_MAJOR >= 2
#include <torch/csrc/distributed/c10d/Backend.hpp>
#endif
#endif

namespace lxmert {

// What points to a node of the graph: a std::shared_ptr in older versions, libtorch's own pointer in newer ones.
using NodePointer = decltype(torch::autograd::impl::grad_accumulator(std::declval<const at::Tensor&>()));

#ifdef LXMERT_WITH_C10D
// What runs collective operations: up to 1.13 a process group does it itself, later its backend.
#if TORCH_VERSION_MAJOR >= 2
using Collectives = c10d::Backend;
#else
using Collectives = c10d::ProcessGroup;
#endif
#endif

// The generator that a device draws from. Version 1 knows those of the processor and of CUDA; devices that a program
// adds by itself draw from the processor's there.
inline at::Generator DefaultGenerator(c10::Device device) {
#if TORCH_VERSION_MAJOR < 2
  if (device.type() == c10::DeviceType::PrivateUse1) device = c10::Device(c10::DeviceType::CPU);
#endif
  return at::globalContext().defaultGenerator(device);
}

// Waits until a device's event has come. Older versions can only ask.
inline void WaitForEvent(const c10::impl::DeviceGuardImplInterface& guard, void* event) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 5)
  guard.synchronizeEvent(event);
#else
  while (!guard.queryEvent(event)) std::this_thread::sleep_for(std::chrono::microseconds(20));
#endif
}

using EventFlag = c10::EventFlag;

// Attention in libtorch's fused kernels, which came with version 2; before it, written out. All (S, heads, rows, head
// size); `mask` is bool, true where a key may be attended to, and must broadcast to (S, heads, queries, keys).
inline at::Tensor ScaledDotProduct(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                                   const at::Tensor& mask, double dropout) {
#if TORCH_VERSION_MAJOR >= 2
  const auto optional_mask = mask.defined() ? c10::optional<at::Tensor>(mask) : c10::optional<at::Tensor>();
  return at::scaled_dot_product_attention(queries, keys, values, optional_mask, dropout);
#else
  at::Tensor scores = at::matmul(queries, keys.transpose(-2, -1)).div(std::sqrt(static_cast<double>(queries.size(-1))));
  if (mask.defined()) scores = scores.masked_fill(mask.logical_not(), -INFINITY);
  at::Tensor probabilities = at::softmax(scores, -1);
  if (dropout > 0) probabilities = std::get<0>(at::native_dropout(probabilities, dropout, true));
  return at::matmul(probabilities, values);
#endif
}

}  // namespace lxmert
