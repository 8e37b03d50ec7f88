// lxmert::pack_convolution, winograd_relu, residual_block and gathered_residual_block: convolutions of a network that
// only answers, over maps with channels last. 1x1 convolutions are products of their places with a packed weight, 3x3
// ones Winograd's; bias, ReLU and shortcut are done where sums are written.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "../engine/product.h"
#include "../engine/winograd.h"
#include "packed.h"
#include "support.h"

namespace lxmert {
namespace {

constexpr int64_t kNumPoints = TiledSide::kNumPoints * TiledSide::kNumPoints;

// {panels, shape} as of pack_weight; of 3x3 kernels the panels of each of Winograd's points, (36, panels, depth,
// width).
std::vector<at::Tensor> PackConvolution(const at::Tensor& weight) {
  TORCH_CHECK(
      weight.dim() == 4 && weight.scalar_type() == at::kFloat && weight.is_cpu() && weight.size(2) == weight.size(3) &&
          (weight.size(2) == 1 || weight.size(2) == 3),
      "a convolution to be packed must have float32 weights (outputs, channels, 1, 1) or (outputs, channels, 3, "
      "3) on the CPU, but has ",
      c10::toString(weight.scalar_type()), " ", weight.sizes());
  const at::Tensor plain = weight.detach().contiguous();
  const int64_t outputs = plain.size(0), channels = plain.size(1), width = ActiveKernels().panel_width;
  const int threads = at::get_num_threads();
  at::Tensor panels;
  if (plain.size(2) == 1) {
    panels = at::empty({NumPanels(outputs), channels, width}, at::kFloat);
    PackWeight(plain.data_ptr<float>(), outputs, channels, panels.data_ptr<float>(), threads);
  } else {
    panels = at::empty({kNumPoints, NumPanels(outputs), channels, width}, at::kFloat);
    PackWinogradWeight(plain.data_ptr<float>(), outputs, channels, panels.data_ptr<float>(), threads);
  }
  return {panels, ShapeTensor(outputs, channels)};
}

// A packed 3x3 convolution.
PackedWeight WinogradFrom(at::TensorList packed) {
  const auto [columns, depth] = ShapeOfPacked(packed);
  const at::Tensor& panels = packed[0];
  const int64_t width = ActiveKernels().panel_width;
  TORCH_CHECK(panels.dim() == 4 && panels.is_contiguous() && panels.is_cpu() && columns >= 0 && depth >= 0 &&
                  panels.size(0) == kNumPoints && panels.size(1) == NumPanels(columns) && panels.size(2) == depth &&
                  panels.size(3) == width,
              "panels of the shape ", panels.sizes(), " are not those of a 3x3 convolution from ", depth, " to ",
              columns, " channels on this processor");
  return {panels.data_ptr<float>(), columns, depth};
}

// (N, C, H, W) with channels last in memory.
at::Tensor ChannelsLast(const at::Tensor& x, int64_t channels) {
  TORCH_CHECK(x.dim() == 4 && x.scalar_type() == at::kFloat && x.is_cpu() && x.size(1) == channels,
              "maps must be float32 (N, ", channels, ", H, W) on the CPU, but are ", c10::toString(x.scalar_type()),
              " ", x.sizes());
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

// A bias that is read by vectors.
at::Tensor PaddedBias(const at::Tensor& bias, int64_t size) {
  at::Tensor padded = at::zeros({WinogradConvolution::StrideOf(size)}, at::kFloat);
  padded.narrow(0, 0, size).copy_(at::from_blob(const_cast<float*>(VectorOf(bias, size, "bias")), {size}, at::kFloat));
  return padded;
}

// Rows of channels with a padded stride.
struct ChannelRows {
  ChannelRows(int64_t count, int64_t channels)
      : stride(WinogradConvolution::StrideOf(channels)), memory(at::empty({count * stride}, at::kFloat)) {}
  float* data() const { return memory.data_ptr<float>(); }

  int64_t stride;
  at::Tensor memory;
};

Product ProductOf(const float* x, int64_t x_stride, int64_t rows, const PackedWeight& weight, const float* bias,
                  float* output, int64_t output_stride, Activation activation) {
  Product product{};
  product.x = x;
  product.x_stride = x_stride;
  product.rows = rows;
  product.weight = weight;
  product.num_columns = weight.columns;
  product.bias = bias;
  product.output = output;
  product.output_stride = output_stride;
  product.activation = activation;
  return product;
}

at::Tensor EmptyMaps(const at::Tensor& x, int64_t channels) {
  return at::empty({x.size(0), channels, x.size(2), x.size(3)}, x.options(), at::MemoryFormat::ChannelsLast);
}

// max(0, 3x3 convolution with a border of zeros + bias)
at::Tensor WinogradRelu(const at::Tensor& input, at::TensorList packed, const at::Tensor& bias) {
  const PackedWeight weight = WinogradFrom(packed);
  const at::Tensor x = ChannelsLast(input, weight.depth);
  const int64_t maps = x.size(0), height = x.size(2), width = x.size(3), places = maps * height * width;
  const int threads = at::get_num_threads();
  const ChannelRows padded(places, weight.depth), output(places, weight.columns);
  const auto as_rows = [&](const ChannelRows& rows, int64_t channels) {
    return rows.memory.view({places, rows.stride}).narrow(1, 0, channels);
  };
  as_rows(padded, weight.depth).copy_(x.permute({0, 2, 3, 1}).reshape({places, weight.depth}));
  const at::Tensor offset = PaddedBias(bias, weight.columns);
  const auto values = [&](int64_t channels) {
    return at::empty({WinogradConvolution::PointValues(maps, height, width, channels)}, at::kFloat);
  };
  const at::Tensor points = values(weight.depth), products = values(weight.columns);
  const WinogradWork work{padded.data(), maps,           height,
                          width,         weight.depth,   padded.stride,
                          weight.panels, weight.columns, offset.data_ptr<float>(),
                          output.data(), output.stride};
  const WinogradConvolution convolution(work, points.data_ptr<float>(), products.data_ptr<float>(), threads);
  std::vector<Phase> phases;
  convolution.AppendPhases(phases);
  Crew::Run(phases.data(), static_cast<int64_t>(phases.size()), threads);
  at::Tensor result = EmptyMaps(x, weight.columns);
  result.permute({0, 2, 3, 1}).copy_(as_rows(output, weight.columns).view({maps, height, width, weight.columns}));
  return result;
}

// The convolutions of a residual block and their memory for some maps at once.
class ResidualBlock {
 public:
  ResidualBlock(at::TensorList reduce, const at::Tensor& reduce_bias, at::TensorList spread,
                const at::Tensor& spread_bias, at::TensorList restore, const at::Tensor& restore_bias,
                at::TensorList project, const at::Tensor& project_bias)
      : reduce_(PackedFrom(reduce)),
        spread_(WinogradFrom(spread)),
        restore_(PackedFrom(restore)),
        projects_(!project.empty()) {
    if (projects_) project_ = PackedFrom(project);
    TORCH_CHECK(reduce_.columns == spread_.depth && spread_.columns == restore_.depth &&
                    (projects_ ? project_.columns == restore_.columns && project_.depth == reduce_.depth
                               : restore_.columns == reduce_.depth),
                "the convolutions of a residual block do not fit each other");
    reduce_bias_ = VectorOf(reduce_bias, reduce_.columns, "the first bias");
    spread_bias_ = PaddedBias(spread_bias, spread_.columns);
    restore_bias_ = VectorOf(restore_bias, restore_.columns, "the last bias");
    if (projects_) project_bias_ = VectorOf(project_bias, project_.columns, "the projection's bias");
  }

  int64_t input_channels() const { return reduce_.depth; }

  // x (N, C, H, W), channels last.
  at::Tensor Run(const at::Tensor& x, int64_t places_at_once) const {
    return Run(x, nullptr, x.size(0), x.size(2), x.size(3), places_at_once);
  }

  // rows (B, C) and which of them the places of maps are, (N, H, W).
  at::Tensor RunGathered(const at::Tensor& rows, const at::Tensor& index, int64_t places_at_once) const {
    TORCH_CHECK(projects_, "only a block with a projection takes rows that come more than once");
    return Run(rows, index.data_ptr<int64_t>(), index.size(0), index.size(1), index.size(2), places_at_once);
  }

 private:
  // The 1x1 convolutions of rows of x: what the 3x3 convolution reads, and what its outputs are added to.
  class Entry {
   public:
    Entry(const ResidualBlock& block, const float* x, int64_t rows, const ChannelRows& reduced, float* projected,
          int threads)
        : reduce_(ProductOf(x, block.reduce_.depth, rows, block.reduce_, block.reduce_bias_, reduced.data(),
                            reduced.stride, kRelu),
                  threads),
          project_(block.projects_ ? ProductOf(x, block.project_.depth, rows, block.project_, block.project_bias_,
                                               projected, block.project_.columns, kNoActivation)
                                   : Product{},
                   threads) {}

    void AppendPhases(std::vector<Phase>& phases) const {
      phases.push_back(PhaseOf(reduce_.num_tasks(), reduce_));
      phases.push_back(PhaseOf(project_.num_tasks(), project_));
    }

   private:
    ProductTasks reduce_, project_;
  };

  at::Tensor Run(const at::Tensor& x, const int64_t* index, int64_t maps, int64_t height, int64_t width,
                 int64_t places_at_once) const {
    const int64_t places = height * width,
                  maps_at_once = std::max<int64_t>(1, places_at_once / std::max<int64_t>(1, places));
    const int64_t most = std::min(maps, maps_at_once), outputs = restore_.columns;
    const int threads = at::get_num_threads();
    const ChannelRows reduced(most * places, reduce_.columns), spread(most * places, spread_.columns);
    const auto values = [&](int64_t channels) {
      return at::empty({WinogradConvolution::PointValues(most, height, width, channels)}, at::kFloat);
    };
    const at::Tensor points = values(spread_.depth), products = values(spread_.columns);
    at::Tensor result =
        at::empty({maps, outputs, height, width}, at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast);
    // Of gathered maps the 1x1 convolutions of each row, once.
    const int64_t num_once = index == nullptr ? 0 : x.size(0);
    const ChannelRows once(num_once, reduce_.columns);
    const at::Tensor projected_once = at::empty({num_once, outputs}, at::kFloat);
    if (index != nullptr) {
      const Entry entry(*this, x.data_ptr<float>(), num_once, once, projected_once.data_ptr<float>(), threads);
      std::vector<Phase> phases;
      entry.AppendPhases(phases);
      Crew::Run(phases.data(), static_cast<int64_t>(phases.size()), threads);
    }
    for (int64_t first = 0; first < maps; first += maps_at_once) {
      const int64_t count = std::min(maps_at_once, maps - first), rows = count * places;
      float* to = result.data_ptr<float>() + first * places * outputs;
      const auto gather = [&](int64_t map, int) {
        for (int64_t place = map * places; place < (map + 1) * places; place++) {
          const int64_t row = index[first * places + place];
          std::copy_n(once.data() + row * once.stride, reduce_.columns, reduced.data() + place * reduced.stride);
          std::copy_n(projected_once.data_ptr<float>() + row * outputs, outputs, to + place * outputs);
        }
      };
      const WinogradWork work{reduced.data(), count,           height,
                              width,          spread_.depth,   reduced.stride,
                              spread_.panels, spread_.columns, spread_bias_.data_ptr<float>(),
                              spread.data(),  spread.stride};
      const WinogradConvolution convolution(work, points.data_ptr<float>(), products.data_ptr<float>(), threads);
      Product last = ProductOf(spread.data(), spread.stride, rows, restore_, restore_bias_, to, outputs, kRelu);
      const float* from = index == nullptr ? x.data_ptr<float>() + first * places * reduce_.depth : nullptr;
      last.residual = projects_ ? to : from;
      last.residual_stride = outputs;
      const ProductTasks restore(last, threads);
      std::vector<Phase> phases;
      std::optional<Entry> entry;
      if (index == nullptr) {
        entry.emplace(*this, from, rows, reduced, to, threads);
        entry->AppendPhases(phases);
      } else {
        phases.push_back(PhaseOf(count, gather));
      }
      convolution.AppendPhases(phases);
      phases.push_back(PhaseOf(restore.num_tasks(), restore));
      Crew::Run(phases.data(), static_cast<int64_t>(phases.size()), threads);
    }
    return result;
  }

  PackedWeight reduce_, spread_, restore_, project_{};
  bool projects_;
  const float *reduce_bias_, *restore_bias_, *project_bias_ = nullptr;
  at::Tensor spread_bias_;
};

// ReLU(restore(ReLU(spread(ReLU(reduce(x))))) + x), or with a projection of x; `stride` takes every stride-th place of
// x first, as both 1x1 convolutions of a stage's first block do.
at::Tensor RunResidualBlock(const at::Tensor& input, at::TensorList reduce, const at::Tensor& reduce_bias,
                            at::TensorList spread, const at::Tensor& spread_bias, at::TensorList restore,
                            const at::Tensor& restore_bias, at::TensorList project,
                            const c10::optional<at::Tensor>& project_bias, int64_t stride, int64_t places_at_once) {
  TORCH_CHECK(stride >= 1 && places_at_once >= 1, "a stride of ", stride, " and ", places_at_once, " places at once");
  const ResidualBlock block(reduce, reduce_bias, spread, spread_bias, restore, restore_bias, project,
                            project_bias.value_or(at::Tensor()));
  TORCH_CHECK(input.dim() == 4, "maps must be (N, C, H, W), but have ", input.dim(), " dimensions");
  const at::Tensor taken =
      stride == 1 ? input : input.slice(2, 0, c10::nullopt, stride).slice(3, 0, c10::nullopt, stride);
  const at::Tensor x = ChannelsLast(taken, block.input_channels());
  return block.Run(x, places_at_once);
}

// The same of maps whose places are given as rows (B, C) and which of them each is, int64 (N, H, W): the 1x1
// convolutions of x are done once for each row.
at::Tensor RunGatheredBlock(const at::Tensor& rows, const at::Tensor& index, at::TensorList reduce,
                            const at::Tensor& reduce_bias, at::TensorList spread, const at::Tensor& spread_bias,
                            at::TensorList restore, const at::Tensor& restore_bias, at::TensorList project,
                            const at::Tensor& project_bias, int64_t places_at_once) {
  TORCH_CHECK(places_at_once >= 1, places_at_once, " places at once");
  const ResidualBlock block(reduce, reduce_bias, spread, spread_bias, restore, restore_bias, project, project_bias);
  TORCH_CHECK(rows.dim() == 2 && rows.scalar_type() == at::kFloat && rows.is_cpu() && rows.is_contiguous() &&
                  rows.size(1) == block.input_channels(),
              "rows must be contiguous float32 (B, ", block.input_channels(), ") on the CPU, but are ", rows.sizes());
  TORCH_CHECK(index.dim() == 3 && index.scalar_type() == at::kLong && index.is_cpu() && index.is_contiguous(),
              "the numbers of rows must be contiguous int64 (N, H, W) on the CPU");
  const int64_t* number = index.data_ptr<int64_t>();
  for (int64_t i = 0; i < index.numel(); i++) {
    TORCH_CHECK(number[i] >= 0 && number[i] < rows.size(0), "row ", number[i], " of ", rows.size(0));
  }
  return block.RunGathered(rows, index, places_at_once);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def("pack_convolution(Tensor weight) -> Tensor[]", &PackConvolution);
  library.def("winograd_relu(Tensor x, Tensor[] packed, Tensor bias) -> Tensor", &WinogradRelu);
  library.def(
      "residual_block(Tensor x, Tensor[] reduce, Tensor reduce_bias, Tensor[] spread, Tensor spread_bias, "
      "Tensor[] restore, Tensor restore_bias, Tensor[] project, Tensor? project_bias, int stride, int places_at_once) "
      "-> Tensor",
      &RunResidualBlock);
  library.def(
      "gathered_residual_block(Tensor rows, Tensor index, Tensor[] reduce, Tensor reduce_bias, Tensor[] spread, "
      "Tensor spread_bias, Tensor[] restore, Tensor restore_bias, Tensor[] project, Tensor project_bias, "
      "int places_at_once) -> Tensor",
      &RunGatheredBlock);
}

}  // namespace lxmert
