// x W^T with a weight in panels: sums of some rows by the columns of one panel stay in registers over the whole depth.
#pragma once

#include <cstring>
#include <utility>

#include "kernels.h"
#include "numbers.h"
#include "vectors.h"

namespace lxmert::LXMERT_ISA {

// Two vectors of columns for each row; all sums, the two vectors of the weight and one value of x fit the registers.
constexpr int64_t kPanelVectors = 2;
constexpr int64_t kPanelWidth = kPanelVectors * kLanes;
#if defined(__AVX512F__)
constexpr int64_t kTileRows = 12;  // of 32 registers 27
#else
constexpr int64_t kTileRows = 6;  // of 16 registers 15
#endif

// A step of the depth for all rows of the tile.
template <int64_t kRows>
static inline __attribute__((always_inline)) void PackedStep(const float* x, int64_t x_stride, const float* panel,
                                                             Vector (&sums)[kRows][kPanelVectors]) {
  Vector right[kPanelVectors];
  for (int64_t j = 0; j < kPanelVectors; j++) right[j] = *reinterpret_cast<const Vector*>(panel + j * kLanes);
  for (int64_t i = 0; i < kRows; i++) {
    const float left = x[i * x_stride];
    for (int64_t j = 0; j < kPanelVectors; j++) sums[i][j] += left * right[j];
  }
}

template <int64_t kRows, int64_t kNextLines>
static void PackedRows(const PackedTile& work) {
  Vector sums[kRows][kPanelVectors] = {};
  float* to = work.sums;
  if (work.continues) {
    for (int64_t i = 0; i < kRows; i++) {
      for (int64_t j = 0; j < kPanelVectors; j++) {
        sums[i][j] = *reinterpret_cast<const Vector*>(to + i * kPanelWidth + j * kLanes);
      }
    }
  }
  const float* x = work.x;
  const float* panel = work.panel;
  const int64_t x_stride = work.x_stride;
  const char* next = work.next;
  constexpr int64_t kSteps = 4;
  int64_t k = 0;
  for (; k + kSteps <= work.depth; k += kSteps) {
#pragma GCC unroll 4
    for (int64_t step = 0; step < kSteps; step++) {
      for (int64_t line = 0; line < kNextLines; line++)
        __builtin_prefetch(next + 64 * (step * kNextLines + line), 0, 2);
      PackedStep<kRows>(x + step, x_stride, panel + step * kPanelWidth, sums);
    }
    x += kSteps;
    panel += kSteps * kPanelWidth;
    next += kSteps * kNextLines * 64;
  }
  for (; k < work.depth; k++, x++, panel += kPanelWidth) PackedStep<kRows>(x, x_stride, panel, sums);
  for (int64_t i = 0; i < kRows; i++) {
    for (int64_t j = 0; j < kPanelVectors; j++) {
      *reinterpret_cast<Vector*>(to + i * kPanelWidth + j * kLanes) = sums[i][j];
    }
  }
}

typedef void (*PackedRowsFunction)(const PackedTile&);

struct PackedRowsTable {
  PackedRowsFunction by_rows[kTileRows + 1][3];
};

template <size_t... kRows>
static constexpr PackedRowsTable MakePackedRowsTable(std::index_sequence<kRows...>) {
  PackedRowsTable table{};
  ((table.by_rows[kRows + 1][0] = PackedRows<kRows + 1, 0>, table.by_rows[kRows + 1][1] = PackedRows<kRows + 1, 1>,
    table.by_rows[kRows + 1][2] = PackedRows<kRows + 1, 2>),
   ...);
  return table;
}

static void RunPackedTile(const PackedTile& work, int64_t rows) {
  static constexpr PackedRowsTable kTable = MakePackedRowsTable(std::make_index_sequence<kTileRows>());
  kTable.by_rows[rows][work.next_lines](work);
}

// tanh within some units in the last place: by e^(-2|x|), which never overflows.
static inline float Tanh(float x) {
  const float size = x < 0 ? -x : x;
  const float e = Exp(-2.0f * size);
  // Small values by their series: 1 - e would lose their digits.
  const float x2 = x * x;
  const float small = size * (1.0f + x2 * (-0.333333333f + x2 * (0.133333333f + x2 * -0.0539682540f)));
  const float result = size < 0.15f ? small : (1.0f - e) / (1.0f + e);
  return x < 0 ? -result : (x != x ? x : result);
}

template <Activation kActivation>
static inline float Activate(float x) {
  if (kActivation == kGelu) return x * NormalCdf(x);
  if (kActivation == kTanh) return Tanh(x);
  if (kActivation == kRelu) return x < 0 ? 0.0f : x;
  return x;
}

template <Activation kActivation>
static void FinishRows(const PackedFinish& work, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; i++) {
    const float* sums = work.sums + i * work.sums_stride;
    float* output = work.output + i * work.output_stride;
    float values[kPanelWidth];
    for (int64_t j = 0; j < columns; j++) values[j] = sums[j];
    if (work.bias != nullptr) {
      for (int64_t j = 0; j < columns; j++) values[j] += work.bias[j];
    }
    if (work.residual != nullptr) {
      const float* residual = work.residual + i * work.residual_stride;
      for (int64_t j = 0; j < columns; j++) values[j] += residual[j];
    }
#pragma omp simd
    for (int64_t j = 0; j < columns; j++) output[j] = Activate<kActivation>(values[j]);
  }
}

static void RunPackedFinish(const PackedFinish& work, int64_t rows, int64_t columns) {
  static constexpr void (*kByActivation[])(const PackedFinish&, int64_t, int64_t) = {
      FinishRows<kNoActivation>, FinishRows<kGelu>, FinishRows<kTanh>, FinishRows<kRelu>};
  kByActivation[work.activation](work, rows, columns);
}

static void PackPanels(const float* weight, int64_t columns, int64_t depth, float* panels, int64_t first,
                       int64_t last) {
  for (int64_t p = first; p < last; p++) {
    float* panel = panels + p * depth * kPanelWidth;
    const int64_t begin = p * kPanelWidth;
    const int64_t count = columns - begin < kPanelWidth ? columns - begin : kPanelWidth;
    // Some steps of the depth at a time: each line of the weight is read once, the panel's lines stay in the cache.
    constexpr int64_t kBlock = 16;
    for (int64_t k = 0; k < depth; k += kBlock) {
      const int64_t end = depth - k < kBlock ? depth - k : kBlock;
      for (int64_t j = 0; j < count; j++) {
        const float* from = weight + (begin + j) * depth + k;
        for (int64_t step = 0; step < end; step++) panel[(k + step) * kPanelWidth + j] = from[step];
      }
      for (int64_t j = count; j < kPanelWidth; j++) {
        for (int64_t step = 0; step < end; step++) panel[(k + step) * kPanelWidth + j] = 0;
      }
    }
  }
}

static void UnpackPanels(const float* panels, int64_t columns, int64_t depth, float* weight, int64_t first,
                         int64_t last) {
  for (int64_t p = first; p < last; p++) {
    const float* panel = panels + p * depth * kPanelWidth;
    const int64_t begin = p * kPanelWidth;
    const int64_t count = columns - begin < kPanelWidth ? columns - begin : kPanelWidth;
    constexpr int64_t kBlock = 16;
    for (int64_t k = 0; k < depth; k += kBlock) {
      const int64_t end = depth - k < kBlock ? depth - k : kBlock;
      for (int64_t j = 0; j < count; j++) {
        float* to = weight + (begin + j) * depth + k;
        for (int64_t step = 0; step < end; step++) to[step] = panel[(k + step) * kPanelWidth + j];
      }
    }
  }
}

}  // namespace lxmert::LXMERT_ISA
