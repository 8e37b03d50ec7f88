// Picks the 8-bit kernels of the best instruction set that this processor has.
#include "int8_kernels.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

#ifdef LXMERT_X86_KERNELS
#include <cpuid.h>
#endif

namespace lxmert {

namespace baseline {
extern const Int8Kernels kInt8Kernels;
}
#ifdef LXMERT_X86_KERNELS
namespace avx2 {
extern const Int8Kernels kInt8Kernels;
}
#ifdef LXMERT_AVXVNNI_KERNELS
namespace avxvnni {
extern const Int8Kernels kInt8Kernels;
}
#endif
namespace avx512vnni {
extern const Int8Kernels kInt8Kernels;
}
#endif

namespace {

#ifdef LXMERT_X86_KERNELS
#ifdef LXMERT_AVXVNNI_KERNELS
bool HasAvxVnni() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax >> 4 & 1u) != 0;
}
#endif

bool HasAvx512Vnni() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}
#endif

// LXMERT_KERNELS names the instruction set for all kernels; those of float32 know avx512 and avx512bf16, which have
// VNNI here only where the name says so or nothing was said.
const char* NameFor(const char* wish) {
  if (std::strcmp(wish, "avx512bf16") == 0) return "avx512vnni";
  if (std::strcmp(wish, "avx512") == 0) return "avx2";
  return wish;
}

const Int8Kernels& ChooseInt8Kernels() {
  const char* wish = std::getenv("LXMERT_KERNELS");
  if (wish != nullptr) {
    const Int8Kernels* wished = FindInt8Kernels(NameFor(wish));
    return wished == nullptr ? baseline::kInt8Kernels : *wished;
  }
  for (const char* name : {"avx512vnni", "avxvnni", "avx2"}) {
    const Int8Kernels* kernels = FindInt8Kernels(name);
    if (kernels != nullptr) return *kernels;
  }
  return baseline::kInt8Kernels;
}

}  // namespace

const Int8Kernels* FindInt8Kernels(const char* name) {
  const auto is = [&](const char* other) { return std::strcmp(name, other) == 0; };
#ifdef LXMERT_X86_KERNELS
  __builtin_cpu_init();
  if (is("avx512vnni")) return HasAvx512Vnni() ? &avx512vnni::kInt8Kernels : nullptr;
#ifdef LXMERT_AVXVNNI_KERNELS
  if (is("avxvnni")) return HasAvxVnni() ? &avxvnni::kInt8Kernels : nullptr;
#endif
  if (is("avx2")) return __builtin_cpu_supports("avx2") ? &avx2::kInt8Kernels : nullptr;
#endif
  return is("baseline") ? &baseline::kInt8Kernels : nullptr;
}

const Int8Kernels& ActiveInt8Kernels() {
  static const Int8Kernels& kernels = ChooseInt8Kernels();
  return kernels;
}

}  // namespace lxmert
