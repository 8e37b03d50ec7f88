// x W^T with a packed weight, as tasks for the crew.
#pragma once

#include <cstdint>

#include "crew.h"
#include "packed_weight.h"
#include "product_cut.h"

namespace lxmert {

// output = activation(x W^T + bias + residual) for some of the weight's columns. The residual may be the output.
struct Product {
  const float* x;  // (rows, depth)
  int64_t x_stride;
  int64_t rows;
  PackedWeight weight;
  int64_t first_column;
  int64_t num_columns;
  const float* bias;      // (num_columns) or null
  const float* residual;  // (rows, num_columns) or null
  int64_t residual_stride;
  float* output;  // (rows, num_columns)
  int64_t output_stride;
  Activation activation;
};

// A product cut into tasks (product_cut.h); while a panel is multiplied the next is asked for. Each value of the output
// is computed by one task, its products added in the order of the depth: the same row gives the same bits in any batch,
// with any number of threads.
class ProductTasks {
 public:
  ProductTasks(const Product& product, int num_threads);

  int64_t num_tasks() const { return cut_.num_tasks(); }
  void operator()(int64_t task, int worker) const;

 private:
  void ComputePanel(int64_t panel, const float* next, int64_t first_row, int64_t rows, int64_t k, float* sums) const;
  // All rows are one tile.
  bool HasOneTile() const;

  Product product_;
  ProductCut cut_;
  int64_t depth_block_;
};

void Compute(const Product& product, int num_threads);

}  // namespace lxmert
