// lxmert::pack_weight, settle_weights, unpack_weight and packed_linear: dense layers of a model that only answers,
// whose weights lie as this processor's kernels read them.
#include "packed.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <memory>
#include <vector>

#include "../engine/int8_product.h"
#include "../engine/int8_weight.h"
#include "../engine/product.h"
#include "../engine/weight_memory.h"
#include "support.h"

namespace lxmert {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

WeightFormat FormatOfPacked(at::TensorList packed) {
  TORCH_CHECK(packed.size() >= 2, "a packed weight is a list of tensors from pack_weight, but ", packed.size(),
              " were given");
  if (packed[0].scalar_type() == at::kChar && packed.size() == 5) return WeightFormat::kInt8;
  TORCH_CHECK(packed[0].scalar_type() == at::kFloat, "a packed weight of ", c10::toString(packed[0].scalar_type()),
              " is not known");
  return WeightFormat::kFloat32;
}

WeightShape ShapeOfPacked(at::TensorList packed) {
  FormatOfPacked(packed);
  const at::Tensor& shape = packed[1];
  TORCH_CHECK(shape.scalar_type() == at::kLong && shape.numel() == 2 && shape.is_contiguous() && shape.is_cpu(),
              "the second tensor of a packed weight must be its shape, two int64");
  const int64_t* sizes = shape.data_ptr<int64_t>();
  return {sizes[0], sizes[1]};
}

at::Tensor ShapeTensor(int64_t columns, int64_t depth) {
  at::Tensor shape = at::empty({2}, at::kLong);
  shape.data_ptr<int64_t>()[0] = columns;
  shape.data_ptr<int64_t>()[1] = depth;
  return shape;
}

PackedWeight PackedFrom(at::TensorList packed) {
  const auto [columns, depth] = ShapeOfPacked(packed);
  const at::Tensor& panels = packed[0];
  const int64_t width = ActiveKernels().panel_width;
  TORCH_CHECK(panels.dim() == 3 && panels.is_contiguous() && panels.is_cpu() && columns >= 0 && depth >= 0 &&
                  panels.size(0) == NumPanels(columns) && panels.size(1) == depth && panels.size(2) == width,
              "panels of the shape ", panels.sizes(), " are not those of a weight (", columns, ", ", depth,
              ") on this processor, which takes ", width, " columns each");
  return {panels.data_ptr<float>(), columns, depth};
}

Int8Panels Int8PanelsFrom(at::TensorList packed) {
  const auto [columns, depth] = ShapeOfPacked(packed);
  const Int8Kernels& kernels = ActiveInt8Kernels();
  const at::Tensor &panels = packed[0], &scales = packed[2], &sums = packed[3], &more = packed[4];
  const int64_t num_panels = Int8PanelCount(kernels, columns), padded = num_panels * kernels.panel_columns;
  const int64_t num_more = more.numel() - num_panels - 1;
  TORCH_CHECK(panels.is_contiguous() && scales.is_contiguous() && sums.is_contiguous() && more.is_contiguous() &&
                  scales.scalar_type() == at::kFloat && sums.scalar_type() == at::kInt &&
                  more.scalar_type() == at::kInt && columns >= 0 && depth >= 0 && num_more >= 0 &&
                  scales.numel() == padded && sums.numel() == padded &&
                  panels.numel() == Int8PackedBytes(kernels, columns, depth, num_more),
              "8-bit panels of ", panels.numel(), " bytes are not those of a weight (", columns, ", ", depth,
              ") for the kernels ", kernels.name, " of this processor");
  const int32_t* starts = more.data_ptr<int32_t>();
  return {panels.data_ptr<int8_t>(), columns, depth, scales.data_ptr<float>(), sums.data_ptr<int32_t>(), starts,
          starts + num_panels + 1};
}

namespace {

at::Tensor UnpackInt8(at::TensorList packed) {
  const Int8Panels weight = Int8PanelsFrom(packed);
  at::Tensor values = at::empty({weight.columns, weight.depth}, at::kChar);
  UnpackInt8Weight(ActiveInt8Kernels(), weight, values.data_ptr<int8_t>(), at::get_num_threads());
  return values.to(at::kFloat).mul_(packed[2].narrow(0, 0, weight.columns).unsqueeze(1));
}

// Plain again: (columns, depth) float32.
at::Tensor UnpackWeight(at::TensorList packed) {
  // As round_weight gives it, not packed: a table whose rows are looked up.
  if (packed.size() == 2 && packed[0].scalar_type() == at::kChar) {
    return packed[0].to(at::kFloat).mul_(packed[1].unsqueeze(1));
  }
  if (FormatOfPacked(packed) == WeightFormat::kInt8) return UnpackInt8(packed);
  const PackedWeight weight = PackedFrom(packed);
  at::Tensor plain = at::empty({weight.columns, weight.depth}, at::kFloat);
  UnpackWeight(weight, plain.data_ptr<float>(), at::get_num_threads());
  return plain;
}

// activation(x W^T + bias) for columns [first_column, first_column + num_columns), without gradients.
// x (rows, depth) float32, rows may lie apart; the bias may be undefined.
at::Tensor PackedProduct(const at::Tensor& x, at::TensorList packed, const at::Tensor& bias, Activation activation,
                         int64_t first_column, int64_t num_columns) {
  const auto [columns, depth] = ShapeOfPacked(packed);
  TORCH_CHECK(x.dim() == 2 && x.scalar_type() == at::kFloat && x.is_cpu() && x.size(1) == depth, "x must have rows of ",
              depth, " float32 values, but is ", c10::toString(x.scalar_type()), " ", x.sizes());
  TORCH_CHECK(first_column >= 0 && num_columns >= 0 && first_column + num_columns <= columns, "columns ", first_column,
              " to ", first_column + num_columns, " of a weight with ", columns);
  const at::Tensor rows = x.stride(1) == 1 || x.size(1) == 1 ? x : x.contiguous();
  at::Tensor output = at::empty({x.size(0), num_columns}, x.options());
  Product product{};
  product.x = rows.data_ptr<float>();
  product.x_stride = rows.stride(0);
  product.rows = rows.size(0);
  product.first_column = first_column;
  product.num_columns = num_columns;
  product.bias = VectorOf(bias, num_columns, "bias");
  product.output = output.data_ptr<float>();
  product.output_stride = num_columns;
  product.activation = activation;
  if (FormatOfPacked(packed) == WeightFormat::kInt8) {
    Compute(product, Int8PanelsFrom(packed), at::get_num_threads());
  } else {
    product.weight = PackedFrom(packed);
    Compute(product, at::get_num_threads());
  }
  return output;
}

std::vector<at::Tensor> PackWeightTensor(const at::Tensor& weight) {
  TORCH_CHECK(weight.dim() == 2 && weight.scalar_type() == at::kFloat && weight.is_cpu(),
              "a weight to be packed must be (columns, depth) float32 on the CPU, but is ",
              c10::toString(weight.scalar_type()), " ", weight.sizes());
  const at::Tensor plain = weight.detach().contiguous();
  const int64_t columns = plain.size(0), depth = plain.size(1);
  const std::vector<int64_t> sizes{NumPanels(columns), depth, ActiveKernels().panel_width};
  const auto bytes = static_cast<size_t>(sizes[0] * sizes[1] * sizes[2]) * sizeof(float);
  const std::shared_ptr<void> memory = AllocateWeightMemory(bytes);
  TORCH_CHECK(memory != nullptr, "out of memory: ", bytes, " bytes were asked for");
  at::Tensor panels = at::from_blob(
      memory.get(), sizes, [memory](void*) {}, at::kFloat);
  PackWeight(plain.data_ptr<float>(), columns, depth, panels.data_ptr<float>(), at::get_num_threads());
  return {panels, ShapeTensor(columns, depth)};
}

// The slope of the activation at z, times the gradient.
at::Tensor ActivationGradient(const at::Tensor& gradient, const at::Tensor& z, Activation activation) {
  if (activation == kTanh) return at::tanh_backward(gradient, z.tanh());
  if (activation == kRelu) return at::threshold_backward(gradient, z, 0);
  if (activation == kNoActivation) return gradient;
  at::Tensor result = at::empty_like(z);
  const int64_t size = z.size(1);
  const at::Tensor zeros = at::zeros({size}, at::kFloat);
  const auto kernel = ActiveKernels().gelu_backward[kFloat32];
  const at::Tensor above = gradient.contiguous();
  SumOverRows(z.size(0), size, [&](int64_t first, int64_t last, float* sums) {
    kernel(above.data_ptr(), z.data_ptr(), zeros.data_ptr<float>(), result.data_ptr(), size, first, last, sums);
  });
  return result;
}

// Gradients by the input alone: what explanations ask for. The weight is made plain for the moment it is needed.
class PackedLinearFunction : public Function<PackedLinearFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, at::TensorList packed,
                            const c10::optional<at::Tensor>& optional_bias, int64_t activation, int64_t first_column,
                            int64_t num_columns) {
    const at::Tensor bias = optional_bias.value_or(at::Tensor());
    ctx->saved_data["activation"] = activation;
    ctx->saved_data["first_column"] = first_column;
    ctx->saved_data["num_columns"] = num_columns;
    variable_list saved{x, bias};
    saved.insert(saved.end(), packed.begin(), packed.end());
    ctx->save_for_backward(saved);
    return PackedProduct(x, packed, bias, static_cast<Activation>(activation), first_column, num_columns);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &bias = saved[1];
    const std::vector<at::Tensor> packed(saved.begin() + 2, saved.end());
    const auto activation = static_cast<Activation>(ctx->saved_data["activation"].toInt());
    const int64_t first_column = ctx->saved_data["first_column"].toInt();
    const int64_t num_columns = ctx->saved_data["num_columns"].toInt();
    at::Tensor gradient = gradients[0];
    if (activation != kNoActivation) {
      const at::Tensor z = PackedProduct(x, packed, bias, kNoActivation, first_column, num_columns);
      gradient = ActivationGradient(gradient, z, activation);
    }
    const at::Tensor weight = UnpackWeight(packed).narrow(0, first_column, num_columns);
    variable_list results(4 + packed.size() + 1);
    results[0] = at::mm(gradient, weight);
    return results;
  }
};

at::Tensor PackedLinear(const at::Tensor& x, at::TensorList packed, const c10::optional<at::Tensor>& optional_bias,
                        int64_t activation, int64_t first_column, c10::optional<int64_t> num_columns) {
  const at::Tensor bias = optional_bias.value_or(at::Tensor());
  const int64_t count = num_columns.value_or(ShapeOfPacked(packed).columns - first_column);
  TORCH_CHECK(activation >= kNoActivation && activation <= kRelu, "activation ", activation, " is not known");
  if (Records({x})) return PackedLinearFunction::apply(x, packed, optional_bias, activation, first_column, count);
  return PackedProduct(x, packed, bias, static_cast<Activation>(activation), first_column, count);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def("pack_weight(Tensor weight) -> Tensor[]", &PackWeightTensor);
  library.def("settle_weights() -> ()", [] { SettleWeightMemory(); });
  library.def("unpack_weight(Tensor[] packed) -> Tensor", [](at::TensorList packed) { return UnpackWeight(packed); });
  library.def(
      "packed_linear(Tensor x, Tensor[] packed, Tensor? bias=None, int activation=0, int first_column=0, "
      "int? num_columns=None) -> Tensor",
      &PackedLinear);
}

}  // namespace lxmert
