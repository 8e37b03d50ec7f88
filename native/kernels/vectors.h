// A vector register of the instruction set this is compiled for.
#pragma once

#include <cstdint>

namespace lxmert::LXMERT_ISA {

#if defined(__AVX512F__)
constexpr int64_t kLanes = 16;
constexpr int64_t kMostColumns = 4;  // registers in a row of a block of the small products
#elif defined(__AVX__)
constexpr int64_t kLanes = 8;
constexpr int64_t kMostColumns = 2;
#else
constexpr int64_t kLanes = 4;
constexpr int64_t kMostColumns = 2;
#endif
typedef float Vector __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

static inline int64_t RoundUp(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

}  // namespace lxmert::LXMERT_ISA
