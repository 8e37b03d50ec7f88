// Winograd's convolutions F(4, 3) and F(3, 3) in both directions: a tile of 4 or 3 outputs a side is products of
// transformed inputs with transformed weights, 6 or 5 a side, where the plain sum has 3 for each output.
//
// Both are Toom and Cook's product of polynomials by their values, turned around: the values at 0, 3/4, -3/4, 3/2,
// -3/2 and "at infinity", the smaller one without -3/2. Weights are transformed to plain values at these points, so the
// two sizes share them; the denominators are in the inputs' transform. These points round least of those tried: three
// times less than 0, 1, -1, 2, -2.
#pragma once

#include "kernels.h"
#include "vectors.h"

namespace lxmert::LXMERT_ISA {

// The points without "infinity", the last of which only tiles of 4 have.
constexpr double kPoints[] = {0, 0.75, -0.75, 1.5, -1.5};

template <int kTile>
struct Transforms {
  static constexpr int kSize = kTile + 2;  // inputs of a side, and points
  float input[kSize][kSize];               // points from inputs
  float output[kTile][kSize];              // outputs from points
};

template <int kTile>
constexpr Transforms<kTile> MakeTransforms() {
  constexpr int kFinite = kTile + 1;
  Transforms<kTile> result{};
  for (int i = 0; i <= kFinite; i++) {
    // The polynomial with its zeros at all other points; the last one at all of them.
    double polynomial[kTile + 2] = {1};
    double denominator = 1;
    for (int j = 0, degree = 0; j < kFinite; j++) {
      if (j == i) continue;
      degree++;
      for (int k = degree; k >= 0; k--) {
        polynomial[k] = (k > 0 ? polynomial[k - 1] : 0) - kPoints[j] * (k < degree ? polynomial[k] : 0);
      }
      if (i < kFinite) denominator *= kPoints[i] - kPoints[j];
    }
    for (int k = 0; k < kTile + 2; k++) result.input[i][k] = static_cast<float>(polynomial[k] / denominator);
    double power = 1;
    for (int k = 0; k < kTile; k++) {
      result.output[k][i] = i < kFinite ? static_cast<float>(power) : (k == kTile - 1 ? 1.0f : 0.0f);
      if (i < kFinite) power *= kPoints[i];
    }
  }
  return result;
}

template <int kTile>
constexpr Transforms<kTile> kTransforms = MakeTransforms<kTile>();

// A sum of vectors some apart, by one row of a transform; what is 0 is left out.
template <int kCount>
static inline __attribute__((always_inline)) Vector Combine(const float (&factors)[kCount], const Vector* values,
                                                            int64_t distance) {
  Vector sum{};
#pragma GCC unroll 8
  for (int k = 0; k < kCount; k++) {
    if (factors[k] != 0) sum += factors[k] * values[k * distance];
  }
  return sum;
}

static inline Vector LoadVector(const float* from) { return *reinterpret_cast<const Vector*>(from); }

template <int kRows, int kColumns>
static void WinogradInputTile(const WinogradTile& work) {
  constexpr int kHeight = kRows + 2, kWidth = kColumns + 2;
  for (int64_t c = 0; c < work.channels; c += kLanes) {
    Vector values[kHeight * kWidth], half[kHeight * kWidth];
    for (int i = 0; i < kHeight * kWidth; i++) values[i] = LoadVector(work.from[i] + c);
#pragma GCC unroll 8
    for (int i = 0; i < kHeight; i++) {
      for (int x = 0; x < kWidth; x++) {
        half[i * kWidth + x] = Combine(kTransforms<kRows>.input[i], values + x, kWidth);
      }
    }
#pragma GCC unroll 8
    for (int j = 0; j < kWidth; j++) {
      for (int i = 0; i < kHeight; i++) {
        *reinterpret_cast<Vector*>(work.to[i * kWidth + j] + c) =
            Combine(kTransforms<kColumns>.input[j], half + i * kWidth, 1);
      }
    }
  }
}

template <int kRows, int kColumns>
static void WinogradOutputTile(const WinogradTile& work) {
  constexpr int kHeight = kRows + 2, kWidth = kColumns + 2;
  for (int64_t c = 0; c < work.channels; c += kLanes) {
    Vector values[kHeight * kWidth], half[kRows * kWidth];
    for (int i = 0; i < kHeight * kWidth; i++) values[i] = LoadVector(work.from[i] + c);
#pragma GCC unroll 8
    for (int y = 0; y < kRows; y++) {
      for (int j = 0; j < kWidth; j++) {
        half[y * kWidth + j] = Combine(kTransforms<kRows>.output[y], values + j, kWidth);
      }
    }
    const Vector bias = LoadVector(work.bias + c);
#pragma GCC unroll 8
    for (int x = 0; x < kColumns; x++) {
      for (int y = 0; y < kRows; y++) {
        if (work.to[y * kColumns + x] == nullptr) continue;
        const Vector sum = Combine(kTransforms<kColumns>.output[x], half + y * kWidth, 1) + bias;
        // NaN stays one.
        *reinterpret_cast<Vector*>(work.to[y * kColumns + x] + c) = sum < 0.0f ? Vector{} : sum;
      }
    }
  }
}

static void RunWinogradInput(const WinogradTile& work, int64_t rows, int64_t columns) {
  if (rows == 4 && columns == 4) WinogradInputTile<4, 4>(work);
  if (rows == 4 && columns == 3) WinogradInputTile<4, 3>(work);
  if (rows == 3 && columns == 4) WinogradInputTile<3, 4>(work);
  if (rows == 3 && columns == 3) WinogradInputTile<3, 3>(work);
}

static void RunWinogradOutput(const WinogradTile& work, int64_t rows, int64_t columns) {
  if (rows == 4 && columns == 4) WinogradOutputTile<4, 4>(work);
  if (rows == 4 && columns == 3) WinogradOutputTile<4, 3>(work);
  if (rows == 3 && columns == 4) WinogradOutputTile<3, 4>(work);
  if (rows == 3 && columns == 3) WinogradOutputTile<3, 3>(work);
}

// Weights (columns, depth, 3, 3) at point (row, column): (columns, depth).
static void RunWinogradWeight(const float* weight, int64_t count, int64_t row, int64_t column, float* output) {
  const auto values_at = [](int64_t point, double(&factors)[3]) {
    const bool is_finite = point < 5;
    factors[0] = is_finite ? 1 : 0;
    factors[1] = is_finite ? kPoints[point] : 0;
    factors[2] = is_finite ? kPoints[point] * kPoints[point] : 1;
  };
  double down[3], across[3];
  values_at(row, down);
  values_at(column, across);
  for (int64_t i = 0; i < count; i++) {
    double sum = 0;
    for (int a = 0; a < 3; a++) {
      for (int b = 0; b < 3; b++) sum += down[a] * across[b] * weight[9 * i + 3 * a + b];
    }
    output[i] = static_cast<float>(sum);
  }
}

}  // namespace lxmert::LXMERT_ISA
