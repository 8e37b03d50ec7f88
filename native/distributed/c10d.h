// libtorch's process groups: how they are made.
#pragma once

#ifdef LXMERT_WITH_C10D

#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef LXMERT_WITH_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <chrono>
#include <string>

#include "../versions.h"

namespace lxmert {

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
  // Its keys must not meet those of the other group in the same store.
  const StorePointer own = c10::make_intrusive<c10d::PrefixStore>("nccl", store);
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(own, rank, world_size, options);
}
#endif

}  // namespace lxmert

#endif  // LXMERT_WITH_C10D
