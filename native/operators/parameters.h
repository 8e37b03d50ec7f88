// What stands beside a parameter: where its gradient goes, and its values in the format of the computation.
#pragma once

#include <ATen/ATen.h>
#include <napi.h>

#include <vector>

namespace lxmert {

struct ParameterBuffers {
  // Part of a flat buffer, of the parameter's shape; float32 or bfloat16. Null: gradients go the usual way.
  at::Tensor gradient;
  // The values in bfloat16, kept up to date by the optimizer. Null: converted at each use.
  at::Tensor copy;
  // Rows of `gradient` that are not zero, for parameters whose gradient touches few rows.
  std::vector<int64_t> touched_rows;
  // Any row of `gradient` may be other than zero: a dense layer wrote into it (word embeddings tied to a decoder).
  bool all_touched = false;
};

// The buffers of a parameter, or null.
ParameterBuffers* BuffersOf(const at::Tensor& parameter);

// The values of a parameter in another format: its copy where it has one.
at::Tensor ValuesAs(const at::Tensor& parameter, at::ScalarType dtype);

// Adds `gradient` to the rows [first_row, first_row + its rows) of a parameter's gradient buffer. Without a buffer
// it returns what autograd has to add: a tensor of the parameter's whole shape.
at::Tensor AddGradient(const at::Tensor& parameter, const at::Tensor& gradient, int64_t first_row = 0);

// The same for the product a b, which is written straight into the buffer.
at::Tensor AddProduct(const at::Tensor& parameter, const at::Tensor& a, const at::Tensor& b, int64_t first_row = 0);

// setParameterBuffers(parameter, gradient | null, copy | null)
Napi::Value SetParameterBuffers(const Napi::CallbackInfo& info);

}  // namespace lxmert
