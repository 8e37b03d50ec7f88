// A dense layer's weight in 8 bits: a scale for each output channel, and panels as the kernels of this processor read
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "../kernels/int8_kernels.h"

namespace lxmert {

// values (columns, depth) of -127 to 127 and scales (columns) for weight (columns, depth): no value is further than
// half a step from its own. False when a number is not finite.
bool RoundWeight(const float* weight, int64_t columns, int64_t depth, int8_t* values, float* scales, int num_threads);

// Which steps of which panels come twice: starts (panels + 1), steps. Empty where no panel has any, on instruction sets
// that need none.
struct Int8More {
  std::vector<int32_t> starts;
  std::vector<int32_t> steps;
};

Int8More FindInt8More(const Int8Kernels& kernels, const int8_t* weight, int64_t columns, int64_t depth,
                      int num_threads);

// Bytes of the panels and of what comes once more.
int64_t Int8PackedBytes(const Int8Kernels& kernels, int64_t columns, int64_t depth, int64_t num_more);

// panels: Int8PackedBytes; sums: for each column of each panel. Both are filled.
void PackInt8Weight(const Int8Kernels& kernels, const int8_t* weight, int64_t columns, int64_t depth,
                    const Int8More& more, int8_t* panels, int32_t* sums, int num_threads);

// values (columns, depth)
void UnpackInt8Weight(const Int8Kernels& kernels, const Int8Panels& packed, int8_t* values, int num_threads);

}  // namespace lxmert
