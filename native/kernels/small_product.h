// x W^T for few rows of x: batch-1 inference. Both operands run along memory, so nothing is repacked as a BLAS would;
// each weight is read from memory once.
#pragma once

#include <cstring>

#include "kernels.h"
#include "numbers.h"
#include "vectors.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace lxmert::LXMERT_ISA {

// What the dot products of a format work on: kStep values at a time, sums in a vector of float32.
template <typename T>
struct Dot;

template <>
struct Dot<float> {
  static constexpr int64_t kStep = kLanes;
  using Values = Vector;
  static inline Values Load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
  static inline Vector Add(Vector sum, Values a, Values b) { return sum + a * b; }
};

#if defined(__AVX512BF16__)
template <>
struct Dot<BFloat16> {
  static constexpr int64_t kStep = 32;
  using Values = __m512bh;
  static inline Values Load(const BFloat16* from) { return reinterpret_cast<__m512bh>(_mm512_loadu_si512(from)); }
  static inline Vector Add(Vector sum, Values a, Values b) {
    return reinterpret_cast<Vector>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), a, b));
  }
};
#else
// Pairs of bfloat16 lie in 32 bits: the upper is a float32 as it stands, the lower after a shift.
template <>
struct Dot<BFloat16> {
  static constexpr int64_t kStep = 2 * kLanes;
  typedef uint32_t Values __attribute__((vector_size(kLanes * sizeof(uint32_t)), aligned(4), may_alias));
  static inline Values Load(const BFloat16* from) { return *reinterpret_cast<const Values*>(from); }
  static inline Vector Add(Vector sum, Values a, Values b) {
    const Vector upper = reinterpret_cast<Vector>(a & 0xffff0000u) * reinterpret_cast<Vector>(b & 0xffff0000u);
    return sum + upper + reinterpret_cast<Vector>(a << 16) * reinterpret_cast<Vector>(b << 16);
  }
};
#endif

typedef float Quarter __attribute__((vector_size(4 * sizeof(float)), aligned(4), may_alias));

// A vector folded onto four lanes.
static inline Quarter Fold(Vector values) {
  Quarter parts[kLanes / 4];
  std::memcpy(parts, &values, sizeof(values));
  Quarter sum = parts[0];
  for (int64_t i = 1; i < kLanes / 4; i++) sum += parts[i];
  return sum;
}

// The sums of four vectors: a transposition of what they fold to.
static inline Quarter SumsOf(const Vector* vectors) {
  const Quarter a = Fold(vectors[0]), b = Fold(vectors[1]), c = Fold(vectors[2]), d = Fold(vectors[3]);
  typedef int32_t Places __attribute__((vector_size(16)));
  const Quarter ab = __builtin_shuffle(a, b, Places{0, 4, 1, 5}) + __builtin_shuffle(a, b, Places{2, 6, 3, 7});
  const Quarter cd = __builtin_shuffle(c, d, Places{0, 4, 1, 5}) + __builtin_shuffle(c, d, Places{2, 6, 3, 7});
  return __builtin_shuffle(ab, cd, Places{0, 1, 4, 5}) + __builtin_shuffle(ab, cd, Places{2, 3, 6, 7});
}

// kRows rows of x by kColumns rows of the weight.
template <typename T, int64_t kRows, int64_t kColumns>
static inline void DotBlock(const T* x, const T* weight, T* output, int64_t depth, int64_t columns) {
  using D = Dot<T>;
  Vector sums[kRows][kColumns] = {};
  int64_t k = 0;
  for (; k + D::kStep <= depth; k += D::kStep) {
    typename D::Values right[kColumns];
    for (int64_t j = 0; j < kColumns; j++) {
      right[j] = D::Load(weight + j * depth + k);
      // The next block of weights comes from memory meanwhile.
      __builtin_prefetch(weight + (kColumns + j) * depth + k);
    }
    for (int64_t i = 0; i < kRows; i++) {
      const typename D::Values left = D::Load(x + i * depth + k);
      for (int64_t j = 0; j < kColumns; j++) sums[i][j] = D::Add(sums[i][j], left, right[j]);
    }
  }
  for (int64_t i = 0; i < kRows; i++) {
    Vector four[4] = {};
    for (int64_t j = 0; j < kColumns; j++) four[j] = sums[i][j];
    const Quarter totals = SumsOf(four);
    for (int64_t j = 0; j < kColumns; j++) {
      float sum = totals[j];
      for (int64_t rest = k; rest < depth; rest++) {
        sum += ToFloat(x[i * depth + rest]) * ToFloat(weight[j * depth + rest]);
      }
      output[i * columns + j] = FromFloat<T>(sum);
    }
  }
}

template <typename T, int64_t kColumns>
static inline void DotColumns(const T* x, const T* weight, T* output, int64_t rows, int64_t depth, int64_t columns) {
  constexpr int64_t kRows = 4;
  int64_t i = 0;
  for (; i + kRows <= rows; i += kRows) {
    DotBlock<T, kRows, kColumns>(x + i * depth, weight, output + i * columns, depth, columns);
  }
  const T* rest = x + i * depth;
  T* rest_output = output + i * columns;
  if (rows - i == 3) DotBlock<T, 3, kColumns>(rest, weight, rest_output, depth, columns);
  if (rows - i == 2) DotBlock<T, 2, kColumns>(rest, weight, rest_output, depth, columns);
  if (rows - i == 1) DotBlock<T, 1, kColumns>(rest, weight, rest_output, depth, columns);
}

// output[:, first .. last) of x (rows, depth) times the transpose of weight (columns, depth).
template <typename T>
static void RunSmallProduct(const SmallProduct& work, int64_t first, int64_t last) {
  constexpr int64_t kColumns = kMostColumns;
  const T* x = static_cast<const T*>(work.x);
  const T* weight = static_cast<const T*>(work.weight);
  T* output = static_cast<T*>(work.output);
  int64_t j = first;
  for (; j + kColumns <= last; j += kColumns) {
    DotColumns<T, kColumns>(x, weight + j * work.depth, output + j, work.rows, work.depth, work.columns);
  }
  for (; j < last; j++) {
    DotColumns<T, 1>(x, weight + j * work.depth, output + j, work.rows, work.depth, work.columns);
  }
}

}  // namespace lxmert::LXMERT_ISA
