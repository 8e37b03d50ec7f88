// The loops behind this project's own operators, compiled for several instruction sets; kernels.cc picks one.
//
// A kernel works on a range of rows or tasks and knows nothing of threads or tensors: native/operators splits the
// work, checks shapes and owns memory. Types: `float`, or bfloat16 passed as its bits.
#pragma once

#include <cstdint>

namespace lxmert {

// The number format of the values between layers; statistics, sums and parameters of norms are float32 always.
enum Format { kFloat32 = 0, kBFloat16 = 1 };

// Dropout over rows of values: `seed` and the row number decide (random_bytes.h).
struct Dropout {
  uint64_t seed = 0;
  uint32_t dropped_of_65536 = 0;  // 0: none
  float kept_scale = 1;
};

// y = LayerNorm(dropout(x + bias) + residual), rows of `size` values.
struct NormForward {
  void* sum;             // (rows, size): x; becomes dropout(x + bias) + residual
  const float* bias;     // (size) or null
  const void* residual;  // (rows, size) or null
  const float* weight;
  const float* shift;
  void* output;    // may be `sum` itself
  float* mean;     // (rows) or null
  float* inverse;  // (rows) or null: 1 / sqrt(variance + eps)
  uint8_t* keep;   // (rows, size) or null
  float eps;
  int64_t size;
  Dropout dropout;
};

struct NormBackward {
  const void* gradient;  // of the output
  const void* sum;
  const float* weight;
  const float* mean;
  const float* inverse;
  const uint8_t* keep;  // null without dropout
  float kept_scale;
  void* residual_gradient;  // of the sum, so also of x when nothing was dropped
  void* input_gradient;     // null without dropout
  int64_t size;
};

// One sequence's queries and the rows they attend to.
struct Segment {
  int32_t query_start, num_queries, key_start, num_keys;
};

// Attention of one (segment, head). Rows of queries, keys and values are `*_stride` values apart.
struct Attention {
  const void* queries;
  const void* keys;
  const void* values;
  int64_t query_stride, key_stride, value_stride, output_stride;
  void* output;  // also the output's gradient in the backward pass, where it is only read
  int64_t head_size;
  int64_t num_heads;
  Dropout dropout;
};

struct AttentionGradients {
  void* queries;
  void* keys;
  void* values;
  int64_t query_stride, key_stride, value_stride;
};

// BertAdam over a range of flat buffers.
struct AdamStep {
  float* parameters;
  const void* gradients;
  float* mean;
  float* mean_square;
  void* copy;  // bfloat16 copy of the parameters, or null
  // Complements (1 - beta) and the shrinkage (1 - rate weight_decay) come apart: in float32 1 - 0.999 is off by 5e-5.
  float gradient_scale, rate, beta1, complement1, beta2, complement2, eps, shrinkage;
};

// output (rows, columns) = x (rows, depth) weight^T, weight (columns, depth).
struct SmallProduct {
  const void* x;
  const void* weight;
  void* output;
  int64_t rows, depth, columns;
};

// Some rows of x by one panel of a packed weight (native/engine/packed_weight.h). Each sum is made in the order of
// the depth, one product after the other, so it does not depend on how rows, panels or depth are split.
struct PackedTile {
  const float* x;  // (rows, depth), rows x_stride values apart
  int64_t x_stride;
  const float* panel;  // (depth, panel_width)
  int64_t depth;
  float* sums;     // (rows, panel_width)
  bool continues;  // the sums so far are there already; else they begin at 0
  // What will be read next, asked for meanwhile: so many lines of 64 bytes at each step of the depth, 0 to 2.
  const char* next;
  int64_t next_lines;
};

enum Activation { kNoActivation = 0, kGelu = 1, kTanh = 2, kRelu = 3 };

// output = activation(sums + bias + residual), at most panel_width columns.
struct PackedFinish {
  const float* sums;  // (rows, columns), rows sums_stride values apart
  int64_t sums_stride;
  const float* bias;      // of those columns, or null
  const float* residual;  // likewise, rows residual_stride values apart, or null; may be the output itself
  int64_t residual_stride;
  float* output;
  int64_t output_stride;
  Activation activation;
};

// One tile of a convolution by winograd.h: a place of memory for each input, point or output, `channels` values each,
// which is a multiple of `lanes`.
struct WinogradTile {
  const float* const* from;
  float* const* to;  // null where an output is beyond the border
  const float* bias;
  int64_t channels;
};

struct Kernels {
  const char* name;

  void (*keep_rows)(const Dropout& dropout, int64_t size, uint8_t* keep, int64_t first, int64_t last);

  void (*norm_forward[2])(const NormForward& work, int64_t first, int64_t last);
  // Adds to sums: gradients of weight, shift and bias, (3, size).
  void (*norm_backward[2])(const NormBackward& work, int64_t first, int64_t last, float* sums);

  // Columns [first, last) of a product with few rows.
  void (*small_product[2])(const SmallProduct& work, int64_t first, int64_t last);

  int64_t panel_width;  // columns of a panel of a packed weight
  int64_t tile_rows;    // most rows of a tile
  void (*packed_tile)(const PackedTile& work, int64_t rows);
  void (*packed_finish)(const PackedFinish& work, int64_t rows, int64_t columns);
  // Panels [first, last) of a weight (columns, depth), and back.
  void (*pack_panels)(const float* weight, int64_t columns, int64_t depth, float* panels, int64_t first, int64_t last);
  void (*unpack_panels)(const float* panels, int64_t columns, int64_t depth, float* weight, int64_t first,
                        int64_t last);

  int64_t lanes;  // float32 values of a vector
  // A tile of 3 or 4 outputs a side: from its inputs to its points, and from products at its points to max(0, outputs +
  // bias).
  void (*winograd_input)(const WinogradTile& work, int64_t rows, int64_t columns);
  void (*winograd_output)(const WinogradTile& work, int64_t rows, int64_t columns);
  // `count` kernels of 3 x 3 at one of the 6 x 6 points.
  void (*winograd_weight)(const float* weight, int64_t count, int64_t row, int64_t column, float* output);

  // output = GELU(x + bias)
  void (*gelu_forward[2])(const void* x, const float* bias, void* output, int64_t size, int64_t first, int64_t last);
  // input_gradient = gradient GELU'(x + bias); adds to sums: the gradient of bias, (size).
  void (*gelu_backward[2])(const void* gradient, const void* x, const float* bias, void* input_gradient, int64_t size,
                           int64_t first, int64_t last, float* sums);
  // Adds the rows to sums (size).
  void (*sum_rows[2])(const void* x, int64_t size, int64_t first, int64_t last, float* sums);

  // Values of scratch memory that one (segment, head) needs.
  int64_t (*attention_scratch)(int64_t num_queries, int64_t num_keys, int64_t head_size);
  // probabilities (num_queries, num_keys) or null: after the softmax, negative where dropped.
  void (*attention_forward[2])(const Attention& work, const Segment& segment, int64_t head, float* probabilities,
                               float* scratch);
  void (*attention_backward[2])(const Attention& work, const AttentionGradients& gradients, const Segment& segment,
                                int64_t head, const float* probabilities, float* scratch);

  double (*sum_of_squares[2])(const void* x, int64_t first, int64_t last);
  // By the format of the gradients.
  void (*adam_step[2])(const AdamStep& work, int64_t first, int64_t last);
};

// Those for the best instruction set that the processor has.
const Kernels& ActiveKernels();

}  // namespace lxmert
