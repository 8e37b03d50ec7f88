// x W^T with a packed weight, as tasks for the crew.
#pragma once

#include <cstdint>

#include "crew.h"
#include "packed_weight.h"

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

// A product cut into tasks, each some rows by some panels. With few rows a task is one panel, whose values are read
// from memory by one thread once, while the next is asked for; with many, panels are read again for each block of rows
// that fits a cache. Each value of the output is computed by one task, its products added in the order of the depth:
// the same row gives the same bits in any batch, with any number of threads.
class ProductTasks {
 public:
  ProductTasks(const Product& product, int num_threads);

  int64_t num_tasks() const { return num_row_blocks_ * num_groups_; }
  void operator()(int64_t task, int worker) const;

 private:
  void ComputePanel(int64_t panel, const float* next, int64_t first_row, int64_t rows, int64_t k, float* sums) const;
  void Finish(int64_t panel, int64_t row, int64_t rows, const float* sums) const;

  Product product_;
  int num_threads_;
  int64_t depth_block_;
  int64_t first_panel_, num_panels_;
  int64_t panels_per_group_, num_groups_;
  int64_t rows_per_block_, num_row_blocks_;
};

void Compute(const Product& product, int num_threads);

}  // namespace lxmert
