// x W^T: by libtorch, or by this project's kernel where there are few rows.
#pragma once

#include "support.h"

namespace lxmert {

// Up to so many rows the kernel that reads each weight once is faster than a BLAS, which repacks them first
// (measured: docs/benchmarks.md).
inline bool IsSmall(const at::Tensor& x) { return x.is_cpu() && x.size(0) <= (FormatOf(x) == kFloat32 ? 40 : 24); }

// x (rows, depth), weight (columns, depth) of one format -> (rows, columns)
inline at::Tensor WeightProduct(const at::Tensor& x, const at::Tensor& weight) {
  if (!IsSmall(x) || !x.is_contiguous() || !weight.is_contiguous()) return at::mm(x, weight.t());
  at::Tensor output = at::empty({x.size(0), weight.size(0)}, x.options());
  const SmallProduct work{x.data_ptr(), weight.data_ptr(), output.data_ptr(), x.size(0), x.size(1), weight.size(0)};
  const auto kernel = ActiveKernels().small_product[FormatOf(x)];
  // Some microseconds of work for each thread at least.
  constexpr int64_t kOperationsPerThread = 1 << 18;
  const int64_t grain = std::max<int64_t>(8, kOperationsPerThread / std::max<int64_t>(1, work.rows * work.depth));
  at::parallel_for(0, work.columns, grain, [&](int64_t first, int64_t last) { kernel(work, first, last); });
  return output;
}

}  // namespace lxmert
