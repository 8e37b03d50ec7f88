// Picks the kernels of the best instruction set that this processor has.
#include "kernels.h"

#include <cstdlib>
#include <cstring>

namespace lxmert {

namespace baseline {
extern const Kernels kKernels;
}
#ifdef LXMERT_X86_KERNELS
namespace avx2 {
extern const Kernels kKernels;
}
namespace avx512 {
extern const Kernels kKernels;
}
namespace avx512bf16 {
extern const Kernels kKernels;
}
#endif

namespace {

const Kernels& ChooseKernels() {
#ifdef LXMERT_X86_KERNELS
  // LXMERT_KERNELS names a lesser set than the processor's best, for comparison.
  const char* wish = std::getenv("LXMERT_KERNELS");
  const auto is_wish = [&](const char* name) { return std::strcmp(wish, name) == 0; };
  // Two names are of 8-bit kernels alone (int8_kernels.cc): beside them the set that they belong to.
  const auto allowed = [&](const char* name) {
    if (wish == nullptr || is_wish(name)) return true;
    return (is_wish("avxvnni") && std::strcmp(name, "avx2") == 0) ||
           (is_wish("avx512vnni") && std::strcmp(name, "avx512") == 0);
  };
  __builtin_cpu_init();
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (allowed("avx512bf16") && has_avx512 && __builtin_cpu_supports("avx512bf16")) return avx512bf16::kKernels;
  if (allowed("avx512") && has_avx512) return avx512::kKernels;
  if (allowed("avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::kKernels;
#endif
  return baseline::kKernels;
}

}  // namespace

const Kernels& ActiveKernels() {
  static const Kernels& kernels = ChooseKernels();
  return kernels;
}

}  // namespace lxmert
