// Kernels over rows of values: LayerNorm with what surrounds it, GELU with its bias, sums over rows.
#pragma once

#include "kernels.h"
#include "numbers.h"
#include "random_bytes.h"

namespace lxmert::LXMERT_ISA {

static void KeepRows(const Dropout& dropout, int64_t size, uint8_t* keep, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; row++) {
    KeepRow(dropout.seed, static_cast<uint64_t>(row), dropout.dropped_of_65536, size, keep + row * size);
  }
}

template <typename T>
static float AddUp(const NormForward& work, int64_t row) {
  const int64_t size = work.size;
  T* sum = static_cast<T*>(work.sum) + row * size;
  const T* residual = static_cast<const T*>(work.residual);
  if (residual != nullptr) residual += row * size;
  const float* bias = work.bias;
  float total = 0;
  if (work.keep != nullptr) {
    uint8_t* keep = work.keep + row * size;
    const float scale = work.dropout.kept_scale;
    KeepRow(work.dropout.seed, static_cast<uint64_t>(row), work.dropout.dropped_of_65536, size, keep);
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < size; i++) {
      const float x = ToFloat(sum[i]) + (bias == nullptr ? 0.0f : bias[i]);
      const float value = (keep[i] != 0 ? x * scale : 0.0f) + (residual == nullptr ? 0.0f : ToFloat(residual[i]));
      sum[i] = FromFloat<T>(value);
      total += value;
    }
  } else {
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < size; i++) {
      const float value =
          ToFloat(sum[i]) + (bias == nullptr ? 0.0f : bias[i]) + (residual == nullptr ? 0.0f : ToFloat(residual[i]));
      sum[i] = FromFloat<T>(value);
      total += value;
    }
  }
  return total;
}

template <typename T>
static void RunNormForward(const NormForward& work, int64_t first, int64_t last) {
  const int64_t size = work.size;
  const float* weight = work.weight;
  const float* shift = work.shift;
  for (int64_t row = first; row < last; row++) {
    const float mean = AddUp<T>(work, row) / static_cast<float>(size);
    const T* sum = static_cast<const T*>(work.sum) + row * size;
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < size; i++) {
      const float centred = ToFloat(sum[i]) - mean;
      squares += centred * centred;
    }
    const float inverse = 1.0f / __builtin_sqrtf(squares / static_cast<float>(size) + work.eps);
    T* output = static_cast<T*>(work.output) + row * size;
#pragma omp simd
    for (int64_t i = 0; i < size; i++) {
      output[i] = FromFloat<T>((ToFloat(sum[i]) - mean) * inverse * weight[i] + shift[i]);
    }
    if (work.mean != nullptr) {
      work.mean[row] = mean;
      work.inverse[row] = inverse;
    }
  }
}

template <typename T>
static void RunNormBackward(const NormBackward& work, int64_t first, int64_t last, float* sums) {
  const int64_t size = work.size;
  const float* weight = work.weight;
  float* weight_sums = sums;
  float* shift_sums = sums + size;
  float* bias_sums = sums + 2 * size;
  for (int64_t row = first; row < last; row++) {
    const T* gradient = static_cast<const T*>(work.gradient) + row * size;
    const T* sum = static_cast<const T*>(work.sum) + row * size;
    const float mean = work.mean[row];
    const float inverse = work.inverse[row];
    float total = 0;
    float projection = 0;
#pragma omp simd reduction(+ : total, projection)
    for (int64_t i = 0; i < size; i++) {
      const float g = ToFloat(gradient[i]);
      const float normalised = (ToFloat(sum[i]) - mean) * inverse;
      weight_sums[i] += g * normalised;
      shift_sums[i] += g;
      total += g * weight[i];
      projection += g * weight[i] * normalised;
    }
    total /= static_cast<float>(size);
    projection /= static_cast<float>(size);
    T* residual_gradient = static_cast<T*>(work.residual_gradient) + row * size;
    if (work.keep != nullptr) {
      T* input_gradient = static_cast<T*>(work.input_gradient) + row * size;
      const uint8_t* keep = work.keep + row * size;
      const float scale = work.kept_scale;
#pragma omp simd
      for (int64_t i = 0; i < size; i++) {
        const float normalised = (ToFloat(sum[i]) - mean) * inverse;
        const float g = (ToFloat(gradient[i]) * weight[i] - total - normalised * projection) * inverse;
        const float kept = keep[i] != 0 ? g * scale : 0.0f;
        residual_gradient[i] = FromFloat<T>(g);
        input_gradient[i] = FromFloat<T>(kept);
        bias_sums[i] += kept;
      }
    } else {
#pragma omp simd
      for (int64_t i = 0; i < size; i++) {
        const float normalised = (ToFloat(sum[i]) - mean) * inverse;
        const float g = (ToFloat(gradient[i]) * weight[i] - total - normalised * projection) * inverse;
        residual_gradient[i] = FromFloat<T>(g);
        bias_sums[i] += g;
      }
    }
  }
}

template <typename T>
static void RunGeluForward(const void* x, const float* bias, void* output, int64_t size, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; row++) {
    const T* from = static_cast<const T*>(x) + row * size;
    T* to = static_cast<T*>(output) + row * size;
#pragma omp simd
    for (int64_t i = 0; i < size; i++) {
      const float value = ToFloat(from[i]) + bias[i];
      to[i] = FromFloat<T>(value * NormalCdf(value));
    }
  }
}

template <typename T>
static void RunGeluBackward(const void* gradient, const void* x, const float* bias, void* input_gradient, int64_t size,
                            int64_t first, int64_t last, float* sums) {
  for (int64_t row = first; row < last; row++) {
    const T* above = static_cast<const T*>(gradient) + row * size;
    const T* from = static_cast<const T*>(x) + row * size;
    T* to = static_cast<T*>(input_gradient) + row * size;
#pragma omp simd
    for (int64_t i = 0; i < size; i++) {
      const float g = ToFloat(above[i]) * GeluSlope(ToFloat(from[i]) + bias[i]);
      to[i] = FromFloat<T>(g);
      sums[i] += g;
    }
  }
}

template <typename T>
static void RunSumRows(const void* x, int64_t size, int64_t first, int64_t last, float* sums) {
  for (int64_t row = first; row < last; row++) {
    const T* from = static_cast<const T*>(x) + row * size;
#pragma omp simd
    for (int64_t i = 0; i < size; i++) sums[i] += ToFloat(from[i]);
  }
}

}  // namespace lxmert::LXMERT_ISA
