// lxmert::linear and lxmert::linear_gelu: dense layers over packed rows, whose weight gradients are written straight
// into the flat gradient buffer.
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

at::Tensor RowSums(const at::Tensor& x) {
  if (!x.is_cpu()) return x.sum(at::IntArrayRef{0}, false, at::kFloat);
  const int64_t size = x.size(1);
  const auto kernel = ActiveKernels().sum_rows[FormatOf(x)];
  return SumOverRows(x.size(0), size,
                     [&](int64_t first, int64_t last, float* sums) { kernel(x.data_ptr(), size, first, last, sums); });
}

// x W[first_row .. first_row + num_rows)^T + bias of the same rows. Part of the rows: of a weight that holds query,
// key and value one below the other.
class LinearFunction : public Function<LinearFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& optional_bias, int64_t first_row, int64_t num_rows) {
    const at::Tensor bias = optional_bias.value_or(at::Tensor());
    ctx->saved_data["first_row"] = first_row;
    ctx->saved_data["num_rows"] = num_rows;
    ctx->saved_data["wants_input"] = x.requires_grad();
    ctx->save_for_backward({x, weight, bias});
    const at::Tensor values = ValuesAs(weight, x.scalar_type()).narrow(0, first_row, num_rows);
    if (!bias.defined()) return WeightProduct(x, values);
    const at::Tensor offset = ValuesAs(bias, x.scalar_type()).narrow(0, first_row, num_rows);
    return IsSmall(x) ? WeightProduct(x, values).add_(offset) : at::addmm(offset, x, values.t());
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    const int64_t first_row = ctx->saved_data["first_row"].toInt();
    const int64_t num_rows = ctx->saved_data["num_rows"].toInt();
    const at::Tensor gradient = gradients[0].contiguous();
    at::Tensor input_gradient;
    if (ctx->saved_data["wants_input"].toBool()) {
      input_gradient = at::mm(gradient, ValuesAs(weight, x.scalar_type()).narrow(0, first_row, num_rows));
    }
    const at::Tensor weight_gradient = AddProduct(weight, gradient.t(), x, first_row);
    at::Tensor bias_gradient;
    if (bias.defined() && bias.requires_grad()) bias_gradient = AddGradient(bias, RowSums(gradient), first_row);
    return {input_gradient, weight_gradient, bias_gradient, at::Tensor(), at::Tensor()};
  }
};

// GELU(x W^T + bias)
class LinearGeluFunction : public Function<LinearGeluFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            bool records) {
    at::Tensor projected = WeightProduct(x, ValuesAs(weight, x.scalar_type()));
    at::Tensor output = records ? at::empty_like(projected) : projected;
    const int64_t size = projected.size(1);
    const float* bias_data = VectorOf(bias, size, "bias");
    const auto kernel = ActiveKernels().gelu_forward[FormatOf(x)];
    ForRows(
        projected.size(0), size,
        [&](int64_t first, int64_t last) {
          kernel(projected.data_ptr(), bias_data, output.data_ptr(), size, first, last);
        },
        !records);
    ctx->saved_data["wants_input"] = x.requires_grad();
    if (records) ctx->save_for_backward({x, weight, bias, projected});
    return output;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2], &projected = saved[3];
    const at::Tensor gradient = gradients[0].contiguous();
    const int64_t size = projected.size(1);
    const float* bias_data = VectorOf(bias, size, "bias");
    at::Tensor inner = at::empty_like(projected);
    const auto kernel = ActiveKernels().gelu_backward[FormatOf(projected)];
    const at::Tensor bias_sums = SumOverRows(projected.size(0), size, [&](int64_t first, int64_t last, float* sums) {
      kernel(gradient.data_ptr(), projected.data_ptr(), bias_data, inner.data_ptr(), size, first, last, sums);
    });
    at::Tensor input_gradient;
    if (ctx->saved_data["wants_input"].toBool()) input_gradient = at::mm(inner, ValuesAs(weight, x.scalar_type()));
    const at::Tensor weight_gradient = AddProduct(weight, inner.t(), x);
    return {input_gradient, weight_gradient, AddGradient(bias, bias_sums), at::Tensor()};
  }
};

void CheckLinear(const at::Tensor& x, const at::Tensor& weight) {
  CheckRows(x, "x");
  TORCH_CHECK(weight.dim() == 2 && weight.size(1) == x.size(1), "x has rows of ", x.size(1),
              " values, but the weight has the shape ", weight.sizes());
}

at::Tensor Linear(const at::Tensor& x, const at::Tensor& weight, const c10::optional<at::Tensor>& bias,
                  int64_t first_row, c10::optional<int64_t> num_rows) {
  CheckLinear(x, weight);
  const int64_t rows = num_rows.value_or(weight.size(0) - first_row);
  TORCH_CHECK(first_row >= 0 && rows >= 0 && first_row + rows <= weight.size(0), "rows ", first_row, " to ",
              first_row + rows, " of a weight with ", weight.size(0));
  return LinearFunction::apply(x, weight, bias, first_row, rows);
}

at::Tensor LinearGelu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  CheckLinear(x, weight);
  if (!x.is_cpu()) return device::LinearGelu(x, weight, bias);
  return LinearGeluFunction::apply(x, weight, bias, Records({x, weight, bias}));
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def("linear(Tensor x, Tensor weight, Tensor? bias=None, int first_row=0, int? num_rows=None) -> Tensor",
              &Linear);
  library.def("linear_gelu(Tensor x, Tensor weight, Tensor bias) -> Tensor", &LinearGelu);
}

}  // namespace lxmert
