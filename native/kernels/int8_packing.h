// Weights of 8 bits into panels and back.
#pragma once

#include "int8_product.h"

namespace lxmert::LXMERT_ISA {

// So much may the values of one sign sum up to that are added in 16 bits (int8_product.h), each times 127 at the most.
constexpr int32_t kMostOfOneSign = 32767 / 127;

// One column's part of a step. What lies behind the weight's end is 0.
struct ColumnStep {
  int8_t values[kStepDepth];

  ColumnStep(const int8_t* weight, int64_t columns, int64_t depth, int64_t column, int64_t step) {
    for (int64_t d = 0; d < kStepDepth; d++) {
      const int64_t k = step * kStepDepth + d;
      values[d] = column < columns && k < depth ? weight[column * depth + k] : 0;
    }
  }

  // Leaves half of what would exceed 16 bits here and puts the other half into `rest`. True where there was any.
  bool Halve(int8_t* rest) {
    if (!kHasMore) return false;
    bool is_halved = false;
    for (int64_t pair = 0; pair + 1 < kStepDepth / 2; pair += 2) {
      // Of 8 values the first two of each half are added, and the last two.
      const int64_t places[] = {pair, pair + 1, pair + kStepDepth / 2, pair + kStepDepth / 2 + 1};
      int32_t positive = 0, negative = 0;
      for (const int64_t place : places) {
        if (values[place] > 0)
          positive += values[place];
        else
          negative -= values[place];
      }
      const bool exceeds = positive > kMostOfOneSign || negative > kMostOfOneSign;
      for (const int64_t place : places) {
        rest[place] = 0;
        if (!exceeds) continue;
        rest[place] = static_cast<int8_t>(values[place] / 2);
        values[place] = static_cast<int8_t>(values[place] - rest[place]);
      }
      is_halved = is_halved || exceeds;
    }
    return is_halved;
  }
};

static int64_t FindMoreSteps(const int8_t* weight, int64_t columns, int64_t depth, int64_t panel, int32_t* steps) {
  int64_t count = 0;
  if (!kHasMore) return count;
  for (int64_t step = 0; step < NumSteps(depth); step++) {
    bool comes_again = false;
    for (int64_t j = 0; j < kPanelColumns; j++) {
      int8_t rest[kStepDepth];
      ColumnStep column(weight, columns, depth, panel * kPanelColumns + j, step);
      comes_again = column.Halve(rest) || comes_again;
    }
    if (!comes_again) continue;
    steps[count++] = static_cast<int32_t>(step);
  }
  return count;
}

// Where value d of column j lies in a step: in groups of four, or all of them where a step is shorter.
static inline int64_t PlaceInStep(int64_t j, int64_t d) {
  constexpr int64_t kGroup = kStepDepth < 4 ? kStepDepth : 4;
  return (d / kGroup * kPanelColumns + j) * kGroup + d % kGroup;
}

static void PackInt8(const int8_t* weight, int64_t columns, int64_t depth, int64_t panel, int8_t* values,
                     int8_t* more) {
  for (int64_t step = 0; step < NumSteps(depth); step++, values += kStepBytes) {
    bool comes_again = false;
    for (int64_t j = 0; j < kPanelColumns; j++) {
      int8_t rest[kStepDepth];
      ColumnStep column(weight, columns, depth, panel * kPanelColumns + j, step);
      if (column.Halve(rest)) {
        if (!comes_again) std::memset(more, 0, kStepBytes);
        comes_again = true;
        for (int64_t d = 0; d < kStepDepth; d++) more[PlaceInStep(j, d)] = rest[d];
      }
      for (int64_t d = 0; d < kStepDepth; d++) values[PlaceInStep(j, d)] = column.values[d];
    }
    if (comes_again) more += kStepBytes;
  }
}

static void UnpackInt8(const Int8Panels& weight, int64_t panel, int8_t* values) {
  const int64_t num_steps = NumSteps(weight.depth);
  const int64_t num_panels = (weight.columns + kPanelColumns - 1) / kPanelColumns;
  const auto put = [&](const int8_t* from, int64_t step, bool adds) {
    for (int64_t j = 0; j < kPanelColumns && panel * kPanelColumns + j < weight.columns; j++) {
      for (int64_t d = 0; d < kStepDepth && step * kStepDepth + d < weight.depth; d++) {
        int8_t& to = values[(panel * kPanelColumns + j) * weight.depth + step * kStepDepth + d];
        to = static_cast<int8_t>((adds ? to : 0) + from[PlaceInStep(j, d)]);
      }
    }
  };
  for (int64_t step = 0; step < num_steps; step++) {
    put(weight.values + (panel * num_steps + step) * kStepBytes, step, false);
  }
  if (!kHasMore) return;
  for (int32_t k = weight.more_starts[panel]; k < weight.more_starts[panel + 1]; k++) {
    put(weight.values + (num_panels * num_steps + k) * kStepBytes, weight.more_steps[k], true);
  }
}

}  // namespace lxmert::LXMERT_ISA
