// Products in 8 bits, compiled for several instruction sets. The rows come as unsigned bytes with a scale and a zero
// for each row, the weight as signed bytes with a scale for each column; the sums are whole numbers of 32 bits, which
// are the same ones on every instruction set.
//
// A table of its own beside Kernels: the instructions that matter here (VNNI) are other ones than for float32.
#pragma once

#include <cstdint>

namespace lxmert {

// Of weights: -127 to 127, so that a sign can be turned.
constexpr int32_t kInt8Largest = 127;
// So deep may a product be that no sum of it leaves 32 bits: 255 * 127 * 66,000 < 2^31.
constexpr int64_t kInt8DeepestProduct = 66000;
// Rounded rows lie a multiple of so many bytes apart, and are filled up to one with what counts for nothing.
constexpr int64_t kInt8RowStep = 8;

// Narrower rows and smaller columns are 0: the inverse of their step would not be finite.
constexpr float kInt8Narrowest = 1e-30f;

// A value of less than 2^22 as a whole number, ties to even: 1.5 * 2^23 is added, whose last place counts ones.
static inline int32_t RoundToWhole(float value) {
  return __builtin_bit_cast(int32_t, value + 12582912.0f) - 0x4b400000;
}

// x[i][k] is about scales[i] * (values[i][k] - zeros[i]).
struct Int8Rows {
  uint8_t* values;  // (rows, stride)
  int64_t stride;
  float* scales;   // (rows)
  int32_t* zeros;  // (rows)
};

// w[n][k] is about scales[n] * values[n][k], in panels of columns.
struct Int8Panels {
  // (panels, steps, columns of a panel, depth of a step); behind them the `more` steps.
  const int8_t* values;
  int64_t columns;
  int64_t depth;
  const float* scales;  // (panels * columns of a panel)
  const int32_t* sums;  // the same: of a column's values
  // Steps that come once more, with what was left out of the first (see int8_product.h). For panel p the steps
  // more_steps[more_starts[p] .. more_starts[p + 1]); null where the instruction set needs none.
  const int32_t* more_starts;
  const int32_t* more_steps;
};

// Some rows by one panel.
struct Int8Tile {
  const uint8_t* x;
  int64_t x_stride;
  const float* x_scales;
  const int32_t* x_zeros;
  float* output;     // (rows, columns of a panel)
  const char* next;  // what to ask memory for meanwhile, as long as a panel, or null
};

struct Int8Kernels {
  const char* name;
  int64_t panel_columns;
  int64_t step_depth;
  int64_t tile_rows;

  // x (rows, depth) with rows x_stride apart, for the rows [first, last).
  void (*round_rows)(const float* x, int64_t x_stride, int64_t depth, const Int8Rows& rows, int64_t first,
                     int64_t last);
  // output = x W^T for up to tile_rows rows.
  void (*tile)(const Int8Panels& weight, int64_t panel, const Int8Tile& tile, int64_t rows);
  // The sums themselves, as 32-bit numbers (rows, columns of a panel): what the tests compare.
  void (*tile_sums)(const Int8Panels& weight, int64_t panel, const Int8Tile& tile, int64_t rows, int32_t* sums);
  // How many steps of a panel come once more, and which: `steps` has room for all of them.
  int64_t (*find_more)(const int8_t* weight, int64_t columns, int64_t depth, int64_t panel, int32_t* steps);
  // Panel by panel from (columns, depth); `more` points to this panel's part behind the panels.
  void (*pack)(const int8_t* weight, int64_t columns, int64_t depth, int64_t panel, int8_t* values, int8_t* more);
  // Back, what came once more included.
  void (*unpack)(const Int8Panels& weight, int64_t panel, int8_t* values);
};

static inline int64_t Int8Steps(const Int8Kernels& kernels, int64_t depth) {
  return (depth + kernels.step_depth - 1) / kernels.step_depth;
}
static inline int64_t Int8PanelCount(const Int8Kernels& kernels, int64_t columns) {
  return (columns + kernels.panel_columns - 1) / kernels.panel_columns;
}
static inline int64_t Int8StepBytes(const Int8Kernels& kernels) { return kernels.panel_columns * kernels.step_depth; }

// Those for the best instruction set that the processor has.
const Int8Kernels& ActiveInt8Kernels();
// Those of this name; null where the processor or the build lacks them.
const Int8Kernels* FindInt8Kernels(const char* name);

}  // namespace lxmert
