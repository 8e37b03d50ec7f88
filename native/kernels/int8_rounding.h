// Rows of float32 to 8 bits. Compiled without contraction, so that every instruction set rounds the same way.
#pragma once

#include <cstdint>

#include "int8_kernels.h"

namespace lxmert::LXMERT_ISA {

// Each row gets the finest scale that reaches from its least to its largest value, 0 included: 0 is a whole number of
// steps, and no value is further than half a step from its own. A row with a number that is not finite gets NaN for a
// scale, and so do all of its products.
template <int32_t kLevels>
static void RoundRows(const float* x, int64_t x_stride, int64_t depth, const Int8Rows& rows, int64_t first,
                      int64_t last) {
  for (int64_t i = first; i < last; i++) {
    const float* from = x + i * x_stride;
    float least = 0, largest = 0, finite = 0;
#pragma omp simd reduction(min : least) reduction(max : largest) reduction(+ : finite)
    for (int64_t k = 0; k < depth; k++) {
      least = from[k] < least ? from[k] : least;
      largest = from[k] > largest ? from[k] : largest;
      finite += from[k] * 0.0f;
    }
    const float range = largest - least;
    const bool is_finite = finite == 0 && range < 3e38f;
    const bool has_steps = is_finite && range >= kInt8Narrowest;
    const float inverse = has_steps ? kLevels / range : 0.0f;
    const int32_t zero = has_steps ? static_cast<int32_t>(-least * inverse + 0.5f) : 0;
    uint8_t* to = rows.values + i * rows.stride;
    if (has_steps) {
#pragma omp simd
      for (int64_t k = 0; k < depth; k++) {
        const int32_t steps = RoundToWhole(from[k] * inverse) + zero;
        to[k] = static_cast<uint8_t>(steps < 0 ? 0 : steps > kLevels ? kLevels : steps);
      }
    } else {
      __builtin_memset(to, 0, static_cast<size_t>(depth));
    }
    // A step of the depth may read as far.
    for (int64_t k = depth; k % kInt8RowStep != 0; k++) to[k] = 0;
    rows.scales[i] = has_steps ? range / kLevels : is_finite ? 0.0f : __builtin_nanf("");
    rows.zeros[i] = zero;
  }
}

}  // namespace lxmert::LXMERT_ISA
