// The operators over packed rows on devices other than the processor: the same functions and gradient buffers, put
// together from libtorch's kernels. Rows and the weights that are used with them have one format there, so that a
// kernel can take both: norms and biases are read from the parameters' copies too.
#pragma once

#include <ATen/ATen.h>

namespace lxmert::device {

at::Tensor LinearGelu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

at::Tensor SublayerOutput(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const at::Tensor& residual, const at::Tensor& norm_weight, const at::Tensor& norm_shift,
                          double eps, double dropout);

at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& shift, double eps);

at::Tensor Embedding(const at::Tensor& table, const at::Tensor& indices, int64_t padding_index);

}  // namespace lxmert::device
