// What the operators share: formats, work split over threads, sums that do not depend on the number of threads.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

#include "../kernels/kernels.h"

namespace lxmert {

// The processor's kernels know two formats.
inline Format FormatOf(const at::Tensor& tensor) {
  const auto dtype = tensor.scalar_type();
  TORCH_CHECK(dtype == at::kFloat || dtype == at::kBFloat16, "expected float32 or bfloat16 but received ",
              c10::toString(dtype));
  return dtype == at::kFloat ? kFloat32 : kBFloat16;
}

inline void CheckRows(const at::Tensor& tensor, const char* name) {
  TORCH_CHECK(tensor.dim() == 2, name, " must have two dimensions, rows and values, but has ", tensor.dim());
  if (tensor.is_cpu() || tensor.scalar_type() != at::kHalf) FormatOf(tensor);
}

// A vector of parameters that the kernels read: float32 and `size` long.
inline const float* VectorOf(const at::Tensor& tensor, int64_t size, const char* name) {
  if (!tensor.defined()) return nullptr;
  TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.is_contiguous() && tensor.numel() == size, name, " must be ",
              size, " contiguous float32 values");
  return tensor.data_ptr<float>();
}

// Splits rows over the threads; `size` values a row decide how many rows are worth a thread's start. That is more where
// it only answers: the crew has done the rest, and libtorch's threads would have to be woken for little.
template <typename Body>
void ForRows(int64_t rows, int64_t size, const Body& body, bool only_answers = false) {
  const int64_t values_per_thread = only_answers ? 131072 : 16384;
  at::parallel_for(0, rows, std::max<int64_t>(1, values_per_thread / std::max<int64_t>(1, size)), body);
}

// body(first, last, sums) adds rows [first, last) to sums (width). The parts are the same whatever the number of
// threads, and they are added in order, so the result is too.
template <typename Body>
at::Tensor SumOverRows(int64_t rows, int64_t width, const Body& body) {
  constexpr int64_t kMostParts = 32;
  const int64_t rows_per_part = std::max<int64_t>(16, (rows + kMostParts - 1) / kMostParts);
  const int64_t parts = std::max<int64_t>(1, (rows + rows_per_part - 1) / rows_per_part);
  at::Tensor sums = at::zeros({parts, width}, at::kFloat);
  float* data = sums.data_ptr<float>();
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++) {
      body(part * rows_per_part, std::min(rows, (part + 1) * rows_per_part), data + part * width);
    }
  });
  return sums.sum(0);
}

// Gradients are recorded for this call.
inline bool Records(std::initializer_list<at::Tensor> inputs) {
  if (!at::GradMode::is_enabled()) return false;
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const at::Tensor& tensor) { return tensor.defined() && tensor.requires_grad(); });
}

// A choice of what dropout keeps, its seed drawn from libtorch's generator: saved random states cover it.
Dropout DrawDropout(double probability);

}  // namespace lxmert
