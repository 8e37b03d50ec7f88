// Which rows attend to which, as operators are given it.
#pragma once

#include <ATen/ATen.h>

#include <cstring>
#include <vector>

#include "../kernels/kernels.h"

namespace lxmert {

// segments (S, 4) int32: first query row, query rows, first key row, key rows.
inline std::vector<Segment> ReadSegments(const at::Tensor& segments) {
  TORCH_CHECK(segments.dim() == 2 && segments.size(1) == 4 && segments.scalar_type() == at::kInt &&
                  segments.is_contiguous() && segments.device().is_cpu(),
              "segments must be (S, 4) int32 on the CPU");
  static_assert(sizeof(Segment) == 4 * sizeof(int32_t), "a segment is a row of the tensor");
  std::vector<Segment> result(static_cast<size_t>(segments.size(0)));
  std::memcpy(result.data(), segments.data_ptr<int32_t>(), result.size() * sizeof(Segment));
  return result;
}

}  // namespace lxmert
