// Products in 8 bits: the rounding of rows, and tasks over rows and panels.
#include "int8_product.h"

#include <algorithm>

#include "scratch.h"

namespace lxmert {
namespace {

// So many rows stay in a core's second cache beside a panel while the panels pass.
constexpr int64_t kBytesOfRows = 192 * 1024;
constexpr int64_t kMostInt8Rows = 192;

CutSizes SizesOf(int64_t depth) {
  const Int8Kernels& kernels = ActiveInt8Kernels();
  const int64_t most_rows = std::clamp(kBytesOfRows / std::max<int64_t>(1, depth), kernels.tile_rows, kMostInt8Rows);
  return {kernels.panel_columns, kernels.tile_rows, most_rows, ProductCut::kPanelsOfGroup};
}

}  // namespace

RoundedRows::RoundedRows(int64_t num_rows, int64_t depth) {
  const int64_t stride = CeilDiv(depth, kInt8RowStep) * kInt8RowStep;
  const size_t values = static_cast<size_t>(CeilDiv(num_rows * stride, 64) * 64);
  const size_t numbers = static_cast<size_t>(num_rows) * sizeof(float);
  memory_.reset(new uint8_t[values + 2 * numbers]);
  rows_ = {memory_.get(), stride, reinterpret_cast<float*>(memory_.get() + values),
           reinterpret_cast<int32_t*>(memory_.get() + values + numbers)};
}

void RoundingTasks::operator()(int64_t task, int) const {
  const int64_t first = task * kRowsOfTask;
  ActiveInt8Kernels().round_rows(x_, x_stride_, depth_, rounded_, first, std::min(first + kRowsOfTask, num_rows_));
}

Int8ProductTasks::Int8ProductTasks(const Product& product, const Int8Rows& x, const Int8Panels& weight, int num_threads)
    : product_(product), x_(x), weight_(weight), cut_(product, SizesOf(weight.depth), num_threads) {}

void Int8ProductTasks::operator()(int64_t task, int) const {
  const Int8Kernels& kernels = ActiveInt8Kernels();
  const int64_t panel_bytes = Int8Steps(kernels, weight_.depth) * Int8StepBytes(kernels);
  const auto [first_row, rows, first, last, after_all] = cut_.TaskAt(task);
  for (int64_t panel = first; panel < last; panel++) {
    const int64_t after = panel + 1 < last ? panel + 1 : after_all;
    const char* values = reinterpret_cast<const char*>(weight_.values);
    ComputePanel(panel, after < cut_.end_panel() ? values + after * panel_bytes : nullptr, first_row, rows);
  }
}

void Int8ProductTasks::ComputePanel(int64_t panel, const char* next, int64_t first_row, int64_t rows) const {
  const Int8Kernels& kernels = ActiveInt8Kernels();
  const int64_t num_tiles = CeilDiv(rows, kernels.tile_rows);
  float* sums = ThreadScratch(kernels.tile_rows * kernels.panel_columns);
  for (int64_t tile = 0, row = first_row; tile < num_tiles; tile++) {
    // As even as can be: 46 rows are 12, 12, 11 and 11.
    const int64_t end = first_row + rows * (tile + 1) / num_tiles;
    // The first tile asks for the whole of what comes next.
    kernels.tile(
        weight_, panel,
        {x_.values + row * x_.stride, x_.stride, x_.scales + row, x_.zeros + row, sums, tile == 0 ? next : nullptr},
        end - row);
    FinishPanel(product_, kernels.panel_columns, panel, row, end - row, sums);
    row = end;
  }
}

void Compute(const Product& product, const Int8Panels& weight, int num_threads) {
  const RoundedRows rounded(product.rows, weight.depth);
  const RoundingTasks rounding(product.x, product.x_stride, product.rows, weight.depth, rounded.rows());
  const Int8ProductTasks tasks(product, rounded.rows(), weight, num_threads);
  Crew::Run({PhaseOf(rounding.num_tasks(), rounding), PhaseOf(tasks.num_tasks(), tasks)}, num_threads);
}

}  // namespace lxmert
