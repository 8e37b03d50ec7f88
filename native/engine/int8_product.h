// x W^T with a weight in 8 bits, as tasks for the crew: first the rows are rounded to 8 bits, once for all products
// that read them.
#pragma once

#include <cstdint>
#include <memory>

#include "../kernels/int8_kernels.h"
#include "product.h"

namespace lxmert {

// Memory for rows of unsigned bytes, their scales and zeros.
class RoundedRows {
 public:
  RoundedRows(int64_t num_rows, int64_t depth);

  const Int8Rows& rows() const { return rows_; }

 private:
  std::unique_ptr<uint8_t[]> memory_;
  Int8Rows rows_;
};

// Fills rounded rows from x (rows, depth), some rows a task.
class RoundingTasks {
 public:
  RoundingTasks(const float* x, int64_t x_stride, int64_t num_rows, int64_t depth, const Int8Rows& rounded)
      : x_(x), x_stride_(x_stride), num_rows_(num_rows), depth_(depth), rounded_(rounded) {}

  int64_t num_tasks() const { return (num_rows_ + kRowsOfTask - 1) / kRowsOfTask; }
  void operator()(int64_t task, int worker) const;

 private:
  static constexpr int64_t kRowsOfTask = 8;

  const float* x_;
  int64_t x_stride_, num_rows_, depth_;
  Int8Rows rounded_;
};

// As ProductTasks: some rows by some panels a task, each value of the output computed by one task. The product says
// everything but what is multiplied.
class Int8ProductTasks {
 public:
  Int8ProductTasks(const Product& product, const Int8Rows& x, const Int8Panels& weight, int num_threads);

  int64_t num_tasks() const { return cut_.num_tasks(); }
  void operator()(int64_t task, int worker) const;

 private:
  void ComputePanel(int64_t panel, const char* next, int64_t first_row, int64_t rows) const;

  Product product_;
  Int8Rows x_;
  Int8Panels weight_;
  ProductCut cut_;
};

// The product of product.x, rounded to 8 bits, with this weight.
void Compute(const Product& product, const Int8Panels& weight, int num_threads);

}  // namespace lxmert
