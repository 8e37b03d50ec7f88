// Kernels over flat buffers: the norm of all gradients and the optimizer's step. Memory is their limit.
#pragma once

#include "kernels.h"
#include "numbers.h"

namespace lxmert::LXMERT_ISA {

template <typename T>
static double RunSumOfSquares(const void* x, int64_t first, int64_t last) {
  const T* values = static_cast<const T*>(x);
  // Float sums of a few thousand squares, added up in double: exact enough and fast.
  constexpr int64_t kRun = 4096;
  double total = 0;
  for (int64_t start = first; start < last; start += kRun) {
    const int64_t end = last - start < kRun ? last : start + kRun;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = start; i < end; i++) {
      const float value = ToFloat(values[i]);
      sum += value * value;
    }
    total += static_cast<double>(sum);
  }
  return total;
}

template <typename T>
static void RunAdamStep(const AdamStep& work, int64_t first, int64_t last) {
  const T* gradients = static_cast<const T*>(work.gradients);
  float* parameters = work.parameters;
  float* means = work.mean;
  float* mean_squares = work.mean_square;
  BFloat16* copy = static_cast<BFloat16*>(work.copy);
  const float scale = work.gradient_scale, eps = work.eps, rate = work.rate, shrinkage = work.shrinkage;
  const float beta1 = work.beta1, complement1 = work.complement1;
  const float beta2 = work.beta2, complement2 = work.complement2;
  if (rate == 0.0f) {
#pragma omp simd
    for (int64_t i = first; i < last; i++) {
      const float g = ToFloat(gradients[i]) * scale;
      means[i] = beta1 * means[i] + complement1 * g;
      mean_squares[i] = beta2 * mean_squares[i] + complement2 * g * g;
    }
    return;
  }
  const auto update = [=](int64_t i) {
    const float g = ToFloat(gradients[i]) * scale;
    const float mean = beta1 * means[i] + complement1 * g;
    const float mean_square = beta2 * mean_squares[i] + complement2 * g * g;
    means[i] = mean;
    mean_squares[i] = mean_square;
    // p - rate (u + decay p) = (1 - rate decay) p - rate u
    const float p = shrinkage * parameters[i] - rate * (mean / (__builtin_sqrtf(mean_square) + eps));
    parameters[i] = p;
    return p;
  };
  if (copy == nullptr) {
#pragma omp simd
    for (int64_t i = first; i < last; i++) update(i);
  } else {
#pragma omp simd
    for (int64_t i = first; i < last; i++) copy[i] = FromFloat<BFloat16>(update(i));
  }
}

}  // namespace lxmert::LXMERT_ISA
