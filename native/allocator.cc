// The allocator of CPU tensors: plain malloc with room to align, so that the hole of a freed tensor fits the next.
#include "allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <torch/csrc/api/include/torch/version.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// libtorch dropped the const in 2.3.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
#define LXMERT_ALLOCATE_CONST
#else
#define LXMERT_ALLOCATE_CONST const
#endif

namespace lxmert {
namespace {

// What libtorch's kernels and the vector units expect.
constexpr std::size_t kAlignment = 64;

// The address that malloc gave stands right before the aligned one that the tensor sees.
void Free(void* data) {
  if (data != nullptr) std::free(static_cast<void**>(data)[-1]);
}

// libtorch's own allocator calls posix_memalign, which asks the heap for more than it keeps and gives the rest
// back: the hole left by a freed tensor is then always a little too small for the next one of the same size, and
// the heap grew by the size of every tensor made. A plain malloc with room to align finds the hole again.
void* Allocate(std::size_t num_bytes) {
  const std::size_t padded = num_bytes + kAlignment + sizeof(void*);
  TORCH_CHECK(padded > num_bytes, "a tensor of ", num_bytes, " bytes cannot be addressed");
  void* base = std::malloc(padded);
  TORCH_CHECK(base != nullptr, "out of memory: ", num_bytes, " bytes were asked for");
  const auto first = reinterpret_cast<std::uintptr_t>(base) + sizeof(void*);
  void* data = reinterpret_cast<void*>((first + kAlignment - 1) / kAlignment * kAlignment);
  static_cast<void**>(data)[-1] = base;
  return data;
}

class CpuAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t num_bytes) LXMERT_ALLOCATE_CONST override {
    void* data = num_bytes == 0 ? nullptr : Allocate(num_bytes);
    return {data, data, &Free, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &Free; }

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1)
  void copy_data(void* target, const void* source, std::size_t count) const override {
    default_copy_data(target, source, count);
  }
#endif
};

}  // namespace

void InstallCpuAllocator() {
  // Tensors may outlive every environment of the process: never destroyed.
  static auto* allocator = new CpuAllocator();
  // Above the priority of libtorch's own, which is 0.
  c10::SetCPUAllocator(allocator, 1);
}

}  // namespace lxmert
