// A dense layer's weight as the product reads it: panels of columns, each along the depth, so that memory is read in
// one direction once.
#pragma once

#include <cstdint>

#include "../kernels/kernels.h"

namespace lxmert {

// Of a weight (columns, depth), y = x W^T: (panels, depth, panel width), zeros behind the last column.
struct PackedWeight {
  const float* panels;
  int64_t columns;
  int64_t depth;
};

inline int64_t NumPanels(int64_t columns) {
  const int64_t width = ActiveKernels().panel_width;
  return (columns + width - 1) / width;
}

// Both ways with up to `num_threads` threads.
void PackWeight(const float* weight, int64_t columns, int64_t depth, float* panels, int num_threads);
void UnpackWeight(const PackedWeight& packed, float* weight, int num_threads);

}  // namespace lxmert
