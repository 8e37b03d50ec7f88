// lxmert::layer_norm, and lxmert::sublayer_output: dense, dropout, residual, LayerNorm in one.
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "device.h"
#include "parameters.h"
#include "product.h"
#include "support.h"

namespace lxmert {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct NormTensors {
  at::Tensor output, mean, inverse, keep;
};

// LayerNorm(dropout(x + bias) + residual); `x` becomes the sum, or the output itself when nothing is recorded.
NormTensors ForwardNorm(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual,
                        const at::Tensor& weight, const at::Tensor& shift, double eps, const Dropout& dropout,
                        bool records) {
  const int64_t rows = x.size(0), size = x.size(1);
  TORCH_CHECK(!residual.defined() || (residual.sizes() == x.sizes() && residual.scalar_type() == x.scalar_type() &&
                                      residual.is_contiguous()),
              "the residual must be contiguous and like the rows it is added to");
  NormTensors result;
  result.output = records ? at::empty_like(x) : x;
  if (records) {
    result.mean = at::empty({rows}, at::kFloat);
    result.inverse = at::empty({rows}, at::kFloat);
  }
  if (dropout.dropped_of_65536 != 0) result.keep = at::empty({rows, size}, at::kByte);
  NormForward work{};
  work.sum = x.data_ptr();
  work.bias = VectorOf(bias, size, "bias");
  work.residual = residual.defined() ? residual.data_ptr() : nullptr;
  work.weight = VectorOf(weight, size, "weight");
  work.shift = VectorOf(shift, size, "shift");
  work.output = result.output.data_ptr();
  work.mean = records ? result.mean.data_ptr<float>() : nullptr;
  work.inverse = records ? result.inverse.data_ptr<float>() : nullptr;
  work.keep = result.keep.defined() ? result.keep.data_ptr<uint8_t>() : nullptr;
  work.eps = static_cast<float>(eps);
  work.size = size;
  work.dropout = dropout;
  const auto kernel = ActiveKernels().norm_forward[FormatOf(x)];
  ForRows(
      rows, size, [&](int64_t first, int64_t last) { kernel(work, first, last); }, !records);
  return result;
}

struct NormGradients {
  at::Tensor input;     // of x
  at::Tensor residual;  // of the sum
  at::Tensor sums;      // (3, size): of weight, shift and bias
};

NormGradients BackwardNorm(const at::Tensor& gradient, const at::Tensor& sum, const at::Tensor& weight,
                           const at::Tensor& mean, const at::Tensor& inverse, const at::Tensor& keep,
                           double kept_scale) {
  const int64_t rows = sum.size(0), size = sum.size(1);
  NormGradients result;
  result.residual = at::empty_like(sum);
  result.input = keep.defined() ? at::empty_like(sum) : result.residual;
  NormBackward work{};
  work.gradient = gradient.data_ptr();
  work.sum = sum.data_ptr();
  work.weight = VectorOf(weight, size, "weight");
  work.mean = mean.data_ptr<float>();
  work.inverse = inverse.data_ptr<float>();
  work.keep = keep.defined() ? keep.data_ptr<uint8_t>() : nullptr;
  work.kept_scale = static_cast<float>(kept_scale);
  work.residual_gradient = result.residual.data_ptr();
  work.input_gradient = keep.defined() ? result.input.data_ptr() : nullptr;
  work.size = size;
  const auto kernel = ActiveKernels().norm_backward[FormatOf(sum)];
  result.sums = SumOverRows(rows, 3 * size, [&](int64_t first, int64_t last, float* sums) {
                  kernel(work, first, last, sums);
                }).view({3, size});
  return result;
}

class SublayerOutputFunction : public Function<SublayerOutputFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& residual, const at::Tensor& norm_weight, const at::Tensor& norm_shift,
                            double eps, double probability, bool records) {
    const Dropout dropout = DrawDropout(probability);
    const at::Tensor projected = WeightProduct(x, ValuesAs(weight, x.scalar_type()));
    NormTensors norm = ForwardNorm(projected, bias, residual, norm_weight, norm_shift, eps, dropout, records);
    if (records) {
      ctx->saved_data["kept_scale"] = static_cast<double>(dropout.kept_scale);
      ctx->saved_data["wants_input"] = x.requires_grad();
      ctx->save_for_backward({x, weight, bias, norm_weight, norm_shift, projected, norm.mean, norm.inverse, norm.keep});
    }
    return norm.output;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    const at::Tensor &norm_weight = saved[3], &norm_shift = saved[4];
    NormGradients norm = BackwardNorm(gradients[0].contiguous(), saved[5], norm_weight, saved[6], saved[7], saved[8],
                                      ctx->saved_data["kept_scale"].toDouble());
    at::Tensor input_gradient;
    if (ctx->saved_data["wants_input"].toBool()) {
      input_gradient = at::mm(norm.input, ValuesAs(weight, x.scalar_type()));
    }
    const at::Tensor weight_gradient = AddProduct(weight, norm.input.t(), x);
    return {input_gradient,
            weight_gradient,
            AddGradient(bias, norm.sums[2]),
            norm.residual,
            AddGradient(norm_weight, norm.sums[0]),
            AddGradient(norm_shift, norm.sums[1]),
            at::Tensor(),
            at::Tensor(),
            at::Tensor()};
  }
};

class LayerNormFunction : public Function<LayerNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& shift, double eps, bool records) {
    // The kernel makes its sum in place.
    const at::Tensor sum = x.clone(at::MemoryFormat::Contiguous);
    NormTensors norm = ForwardNorm(sum, {}, {}, weight, shift, eps, Dropout(), records);
    if (records) ctx->save_for_backward({weight, shift, sum, norm.mean, norm.inverse});
    return norm.output;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    NormGradients norm = BackwardNorm(gradients[0].contiguous(), saved[2], saved[0], saved[3], saved[4], {}, 1);
    return {norm.residual, AddGradient(saved[0], norm.sums[0]), AddGradient(saved[1], norm.sums[1]), at::Tensor(),
            at::Tensor()};
  }
};

at::Tensor SublayerOutput(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const at::Tensor& residual, const at::Tensor& norm_weight, const at::Tensor& norm_shift,
                          double eps, double dropout) {
  CheckRows(x, "x");
  TORCH_CHECK(weight.dim() == 2 && weight.size(1) == x.size(1), "x has rows of ", x.size(1),
              " values, but the weight has the shape ", weight.sizes());
  if (!x.is_cpu()) {
    return device::SublayerOutput(x, weight, bias, residual, norm_weight, norm_shift, eps, dropout);
  }
  return SublayerOutputFunction::apply(x, weight, bias, residual.contiguous(), norm_weight, norm_shift, eps, dropout,
                                       Records({x, weight, residual}));
}

at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& shift, double eps) {
  CheckRows(x, "x");
  if (!x.is_cpu()) return device::LayerNorm(x, weight, shift, eps);
  return LayerNormFunction::apply(x, weight, shift, eps, Records({x, weight}));
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def(
      "sublayer_output(Tensor x, Tensor weight, Tensor bias, Tensor residual, Tensor norm_weight, Tensor norm_shift, "
      "float eps, float dropout) -> Tensor",
      &SublayerOutput);
  library.def("layer_norm(Tensor x, Tensor weight, Tensor shift, float eps) -> Tensor", &LayerNorm);
}

}  // namespace lxmert
