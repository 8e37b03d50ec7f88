// libtorch's process groups, with what differs between its versions in one place.
#pragma once

#ifdef LXMERT_WITH_C10D

#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/autograd/variable.h>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef LXMERT_WITH_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <chrono>
#include <string>
#include <utility>

namespace lxmert {

// What runs collective operations: up to 1.13 a process group does it itself, later its backend.
#if TORCH_VERSION_MAJOR >= 2
using Collectives = c10d::Backend;
#else
using Collectives = c10d::ProcessGroup;
#endif
// What points to a node of the graph: a std::shared_ptr in older versions, libtorch's own pointer in newer ones.
using NodePointer = decltype(torch::autograd::impl::grad_accumulator(std::declval<const at::Tensor&>()));
using WorkPointer = c10::intrusive_ptr<c10d::Work>;
using StorePointer = c10::intrusive_ptr<c10d::Store>;

inline c10::intrusive_ptr<Collectives> MakeGloo(const StorePointer& store, int rank, int world_size,
                                                const std::string& address, std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(address));
  options->threads = 2;
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, world_size, options);
}

#ifdef LXMERT_WITH_NCCL
inline c10::intrusive_ptr<Collectives> MakeNccl(const StorePointer& store, int rank, int world_size,
                                                std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, world_size, options);
}
#endif

}  // namespace lxmert

#endif  // LXMERT_WITH_C10D
