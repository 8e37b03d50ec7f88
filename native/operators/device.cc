// The packed operators by libtorch's own kernels, with backward passes that write into the gradient buffers.
#include "device.h"

#include <torch/csrc/autograd/custom_function.h>

#include <tuple>

#include "parameters.h"
#include "support.h"

namespace lxmert::device {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

at::Tensor PlainRowSums(const at::Tensor& x) { return x.sum(at::IntArrayRef{0}, false, at::kFloat); }

// x W^T + bias in one product, whose epilogue adds the bias.
at::Tensor Projected(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::addmm(ValuesAs(bias, x.scalar_type()), x, ValuesAs(weight, x.scalar_type()).t());
}

class LinearGeluFunction : public Function<LinearGeluFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    const at::Tensor projected = Projected(x, weight, bias);
    ctx->saved_data["wants_input"] = x.requires_grad();
    ctx->save_for_backward({x, weight, bias, projected});
    return at::gelu(projected);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    const at::Tensor inner = at::gelu_backward(gradients[0], saved[3]);
    at::Tensor input_gradient;
    if (ctx->saved_data["wants_input"].toBool()) input_gradient = at::mm(inner, ValuesAs(weight, x.scalar_type()));
    const at::Tensor weight_gradient = AddProduct(weight, inner.t(), x);
    return {input_gradient, weight_gradient, AddGradient(bias, PlainRowSums(inner))};
  }
};

struct Norm {
  at::Tensor output, mean, inverse;
};

Norm Normalised(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& shift, double eps) {
  Norm norm;
  std::tie(norm.output, norm.mean, norm.inverse) =
      at::native_layer_norm(x, {x.size(1)}, ValuesAs(weight, x.scalar_type()), ValuesAs(shift, x.scalar_type()), eps);
  return norm;
}

// Gradients of the sum that was normalised, of weight and of shift.
std::tuple<at::Tensor, at::Tensor, at::Tensor> NormGradients(const at::Tensor& gradient, const at::Tensor& sum,
                                                             const at::Tensor& mean, const at::Tensor& inverse,
                                                             const at::Tensor& weight, const at::Tensor& shift) {
  return at::native_layer_norm_backward(gradient.contiguous(), sum, {sum.size(1)}, mean, inverse,
                                        ValuesAs(weight, sum.scalar_type()), ValuesAs(shift, sum.scalar_type()),
                                        {true, true, true});
}

class SublayerOutputFunction : public Function<SublayerOutputFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& residual, const at::Tensor& norm_weight, const at::Tensor& norm_shift,
                            double eps, double probability) {
    at::Tensor sum = Projected(x, weight, bias);
    at::Tensor keep;
    if (probability > 0) std::tie(sum, keep) = at::native_dropout(sum, probability, true);
    sum.add_(residual);
    const Norm norm = Normalised(sum, norm_weight, norm_shift, eps);
    ctx->saved_data["scale"] = 1 / (1 - probability);
    ctx->saved_data["wants_input"] = x.requires_grad();
    ctx->save_for_backward({x, weight, bias, norm_weight, norm_shift, sum, norm.mean, norm.inverse, keep});
    return norm.output;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    const at::Tensor &norm_weight = saved[3], &norm_shift = saved[4], &keep = saved[8];
    const auto [residual, weight_sums, shift_sums] =
        NormGradients(gradients[0], saved[5], saved[6], saved[7], norm_weight, norm_shift);
    const at::Tensor inner =
        keep.defined() ? at::native_dropout_backward(residual, keep, ctx->saved_data["scale"].toDouble()) : residual;
    at::Tensor input_gradient;
    if (ctx->saved_data["wants_input"].toBool()) input_gradient = at::mm(inner, ValuesAs(weight, x.scalar_type()));
    const at::Tensor weight_gradient = AddProduct(weight, inner.t(), x);
    return {input_gradient,
            weight_gradient,
            AddGradient(bias, PlainRowSums(inner)),
            residual,
            AddGradient(norm_weight, weight_sums),
            AddGradient(norm_shift, shift_sums),
            at::Tensor(),
            at::Tensor()};
  }
};

class LayerNormFunction : public Function<LayerNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& shift, double eps) {
    const Norm norm = Normalised(x, weight, shift, eps);
    ctx->save_for_backward({x, weight, shift, norm.mean, norm.inverse});
    return norm.output;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const auto [input, weight_sums, shift_sums] =
        NormGradients(gradients[0], saved[0], saved[3], saved[4], saved[1], saved[2]);
    return {input, AddGradient(saved[1], weight_sums), AddGradient(saved[2], shift_sums), at::Tensor()};
  }
};

class EmbeddingFunction : public Function<EmbeddingFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& table, const at::Tensor& indices,
                            int64_t padding_index) {
    ctx->saved_data["padding_index"] = padding_index;
    ctx->save_for_backward({table, indices});
    return at::embedding(table.detach(), indices);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor& table = saved[0];
    if (!table.requires_grad()) return {at::Tensor(), at::Tensor(), at::Tensor()};
    // Sorted by index, so that the sums have one order: the same gradient every time.
    const at::Tensor whole =
        at::embedding_dense_backward(gradients[0].to(at::kFloat).contiguous(), saved[1].to(at::kLong), table.size(0),
                                     ctx->saved_data["padding_index"].toInt(), false);
    return {AddGradient(table, whole), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor LinearGelu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return LinearGeluFunction::apply(x, weight, bias);
}

at::Tensor SublayerOutput(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const at::Tensor& residual, const at::Tensor& norm_weight, const at::Tensor& norm_shift,
                          double eps, double dropout) {
  return SublayerOutputFunction::apply(x, weight, bias, residual, norm_weight, norm_shift, eps, dropout);
}

at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& shift, double eps) {
  return LayerNormFunction::apply(x, weight, shift, eps);
}

at::Tensor Embedding(const at::Tensor& table, const at::Tensor& indices, int64_t padding_index) {
  return EmbeddingFunction::apply(table, indices, padding_index);
}

}  // namespace lxmert::device
