// lxmert::round_weight, pack_rounded, int8_round_rows and int8_sums: weights in 8 bits for models that only answer.
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../engine/int8_product.h"
#include "../engine/int8_weight.h"
#include "packed.h"

namespace lxmert {
namespace {

void CheckRounded(const at::Tensor& values, const at::Tensor& scales) {
  TORCH_CHECK(values.dim() == 2 && values.scalar_type() == at::kChar && values.is_cpu(),
              "a rounded weight must be (columns, depth) int8 on the CPU, but is ", c10::toString(values.scalar_type()),
              " ", values.sizes());
  TORCH_CHECK(values.size(1) <= kInt8DeepestProduct, "a weight of a depth of ", values.size(1),
              " is too deep for sums of 32 bits; ", kInt8DeepestProduct, " is the most");
  TORCH_CHECK(
      scales.dim() == 1 && scales.scalar_type() == at::kFloat && scales.is_cpu() && scales.size(0) == values.size(0),
      "the scales must be float32, one for each of ", values.size(0), " columns, but are ",
      c10::toString(scales.scalar_type()), " ", scales.sizes());
}

// weight (columns, depth) float32 -> values (columns, depth) int8, scales (columns)
std::vector<at::Tensor> RoundWeightTensor(const at::Tensor& weight) {
  TORCH_CHECK(weight.dim() == 2 && weight.scalar_type() == at::kFloat && weight.is_cpu(),
              "a weight to be rounded must be (columns, depth) float32 on the CPU, but is ",
              c10::toString(weight.scalar_type()), " ", weight.sizes());
  const at::Tensor plain = weight.detach().contiguous();
  at::Tensor values = at::empty(plain.sizes(), at::kChar), scales = at::empty({plain.size(0)}, at::kFloat);
  TORCH_CHECK(RoundWeight(plain.data_ptr<float>(), plain.size(0), plain.size(1), values.data_ptr<int8_t>(),
                          scales.data_ptr<float>(), at::get_num_threads()),
              "a weight holds values that are no numbers or infinite, which 8 bits cannot stand for");
  return {values, scales};
}

// A weight as the named kernels read it, with what belongs to it.
struct PackedRounded {
  at::Tensor panels, scales, sums, more;
  int64_t columns, depth;

  PackedRounded(const Int8Kernels& kernels, const at::Tensor& values, const at::Tensor& column_scales) {
    CheckRounded(values, column_scales);
    const int threads = at::get_num_threads();
    const at::Tensor plain = values.contiguous();
    columns = plain.size(0), depth = plain.size(1);
    const int8_t* from = plain.data_ptr<int8_t>();
    TORCH_CHECK(plain.numel() == 0 || plain.min().item<int64_t>() >= -kInt8Largest,
                "a rounded weight holds -128, which these kernels do not take");
    const Int8More found = FindInt8More(kernels, from, columns, depth, threads);
    const int64_t num_more = static_cast<int64_t>(found.steps.size());
    const int64_t padded = Int8PanelCount(kernels, columns) * kernels.panel_columns;
    panels = at::empty({Int8PackedBytes(kernels, columns, depth, num_more)}, at::kChar);
    sums = at::empty({padded}, at::kInt);
    PackInt8Weight(kernels, from, columns, depth, found, panels.data_ptr<int8_t>(), sums.data_ptr<int32_t>(), threads);
    scales = at::zeros({padded}, at::kFloat);
    scales.narrow(0, 0, columns).copy_(column_scales);
    more = at::empty({static_cast<int64_t>(found.starts.size()) + num_more}, at::kInt);
    std::copy(found.starts.begin(), found.starts.end(), more.data_ptr<int32_t>());
    std::copy(found.steps.begin(), found.steps.end(), more.data_ptr<int32_t>() + found.starts.size());
  }
};

// values (columns, depth) int8 of -127 to 127, scales (columns) -> a packed weight (packed.h)
std::vector<at::Tensor> PackRounded(const at::Tensor& values, const at::Tensor& scales) {
  const PackedRounded packed(ActiveInt8Kernels(), values, scales);
  const at::Tensor shape = ShapeTensor(packed.columns, packed.depth);
  return {packed.panels, shape, packed.scales, packed.sums, packed.more};
}

const Int8Kernels& KernelsNamed(const std::string& name) {
  const Int8Kernels* kernels = FindInt8Kernels(name.c_str());
  TORCH_CHECK(kernels != nullptr, "this processor, or this build, has no 8-bit kernels '", name, "'");
  return *kernels;
}

// x (rows, depth) float32 -> values (rows, stride) uint8, scales (rows) float32, zeros (rows) int32, as the named
// kernels round.
std::tuple<at::Tensor, at::Tensor, at::Tensor> Int8RoundRows(const at::Tensor& x, std::string name) {
  TORCH_CHECK(x.dim() == 2 && x.scalar_type() == at::kFloat && x.is_cpu(), "x must be (rows, depth) float32");
  const at::Tensor plain = x.contiguous();
  const int64_t rows = x.size(0), depth = x.size(1);
  const int64_t stride = (depth + kInt8RowStep - 1) / kInt8RowStep * kInt8RowStep;
  at::Tensor values = at::empty({rows, stride}, at::kByte), scales = at::empty({rows}, at::kFloat);
  at::Tensor zeros = at::empty({rows}, at::kInt);
  const Int8Rows to{values.data_ptr<uint8_t>(), stride, scales.data_ptr<float>(), zeros.data_ptr<int32_t>()};
  KernelsNamed(name).round_rows(plain.data_ptr<float>(), depth, depth, to, 0, rows);
  return {values, scales, zeros};
}

// rows (rows, stride) uint8, values (columns, depth) int8 -> (rows, columns) int32: the sums of products as the named
// kernels make them.
at::Tensor Int8Sums(const at::Tensor& rows, const at::Tensor& values, std::string name) {
  const Int8Kernels& kernels = KernelsNamed(name);
  const PackedRounded packed(kernels, values, at::ones({values.size(0)}, at::kFloat));
  const int64_t num_rows = rows.size(0), stride = rows.size(1);
  TORCH_CHECK(rows.dim() == 2 && rows.scalar_type() == at::kByte && rows.is_contiguous() && rows.is_cpu() &&
                  stride % kInt8RowStep == 0 && stride >= packed.depth,
              "rows must be uint8, a multiple of ", kInt8RowStep, " values each, at least ", packed.depth);
  const int64_t num_panels = Int8PanelCount(kernels, packed.columns);
  const int32_t* more = packed.more.data_ptr<int32_t>();
  const Int8Panels weight{
      packed.panels.data_ptr<int8_t>(), packed.columns, packed.depth,         packed.scales.data_ptr<float>(),
      packed.sums.data_ptr<int32_t>(),  more,           more + num_panels + 1};
  at::Tensor sums = at::empty({num_rows, num_panels * kernels.panel_columns}, at::kInt);
  at::Tensor tile_sums = at::empty({kernels.tile_rows, kernels.panel_columns}, at::kInt);
  for (int64_t row = 0; row < num_rows; row += kernels.tile_rows) {
    const int64_t count = std::min(kernels.tile_rows, num_rows - row);
    for (int64_t panel = 0; panel < num_panels; panel++) {
      Int8Tile tile{};
      tile.x = rows.data_ptr<uint8_t>() + row * stride;
      tile.x_stride = stride;
      kernels.tile_sums(weight, panel, tile, count, tile_sums.data_ptr<int32_t>());
      sums.narrow(0, row, count)
          .narrow(1, panel * kernels.panel_columns, kernels.panel_columns)
          .copy_(tile_sums.narrow(0, 0, count));
    }
  }
  return sums.narrow(1, 0, packed.columns).contiguous();
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def("round_weight(Tensor weight) -> Tensor[]", &RoundWeightTensor);
  library.def("pack_rounded(Tensor values, Tensor scales) -> Tensor[]", &PackRounded);
  library.def("int8_round_rows(Tensor x, str kernels) -> (Tensor, Tensor, Tensor)", &Int8RoundRows);
  library.def("int8_sums(Tensor rows, Tensor values, str kernels) -> Tensor", &Int8Sums);
}

}  // namespace lxmert
