// Products in 8 bits: the rounding of rows, and tasks over rows and panels.
#include "int8_product.h"

#include <algorithm>

#include "scratch.h"

namespace lxmert {
namespace {

// So many rows stay in a core's second cache beside a panel while the panels pass.
constexpr int64_t kBytesOfRows = 192 * 1024;
constexpr int64_t kMostRows = 192;
// Panels by which the rows of a block are multiplied when they have been brought into the cache.
constexpr int64_t kPanelsOfGroup = 8;

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

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
    : product_(product), x_(x), weight_(weight), num_threads_(num_threads) {
  const Int8Kernels& kernels = ActiveInt8Kernels();
  first_panel_ = product.first_column / kernels.panel_columns;
  num_panels_ = product.num_columns == 0
                    ? 0
                    : (product.first_column + product.num_columns - 1) / kernels.panel_columns + 1 - first_panel_;
  const int64_t most_rows = std::clamp(kBytesOfRows / std::max<int64_t>(1, weight.depth), kernels.tile_rows, kMostRows);
  num_row_blocks_ = CeilDiv(product.rows, most_rows);
  panels_per_group_ = kPanelsOfGroup;
  if (num_row_blocks_ <= 1) {
    // Few rows: tasks are short, so that the last ones end together.
    panels_per_group_ = std::clamp<int64_t>(num_panels_ / (4 * num_threads), 1, kPanelsOfGroup);
  }
  num_groups_ = CeilDiv(num_panels_, panels_per_group_);
  // More threads than panels: fewer rows each.
  const int64_t num_tiles = CeilDiv(product.rows, kernels.tile_rows);
  const int64_t wanted = std::min(num_tiles, CeilDiv(2 * num_threads, std::max<int64_t>(1, num_groups_)));
  if (num_threads > 1) num_row_blocks_ = std::max(num_row_blocks_, wanted);
  rows_per_block_ = product.rows;
  if (num_row_blocks_ > 1) rows_per_block_ = CeilDiv(num_tiles, num_row_blocks_) * kernels.tile_rows;
  num_row_blocks_ = product.rows == 0 ? 0 : CeilDiv(product.rows, rows_per_block_);
}

void Int8ProductTasks::operator()(int64_t task, int) const {
  const Int8Kernels& kernels = ActiveInt8Kernels();
  const int64_t panel_bytes = Int8Steps(kernels, weight_.depth) * Int8StepBytes(kernels);
  const int64_t first_row = task / num_groups_ * rows_per_block_;
  const int64_t rows = std::min(rows_per_block_, product_.rows - first_row);
  const int64_t first = first_panel_ + task % num_groups_ * panels_per_group_;
  const int64_t end = first_panel_ + num_panels_;
  const int64_t last = std::min(first + panels_per_group_, end);
  for (int64_t panel = first; panel < last; panel++) {
    // What this thread will probably be given next.
    const int64_t after = panel + 1 < last ? panel + 1 : first + num_threads_ * panels_per_group_;
    const char* values = reinterpret_cast<const char*>(weight_.values);
    ComputePanel(panel, after < end ? values + after * panel_bytes : nullptr, first_row, rows);
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
    Finish(panel, row, end - row, sums);
    row = end;
  }
}

void Int8ProductTasks::Finish(int64_t panel, int64_t row, int64_t rows, const float* sums) const {
  const Kernels& kernels = ActiveKernels();
  const int64_t width = ActiveInt8Kernels().panel_columns;
  const int64_t begin = std::max(panel * width, product_.first_column);
  const int64_t end = std::min((panel + 1) * width, product_.first_column + product_.num_columns);
  // At most so many columns at a time as float32's kernels take.
  for (int64_t first = begin; first < end; first += kernels.panel_width) {
    const int64_t column = first - product_.first_column;
    PackedFinish work{};
    work.sums = sums + (first - panel * width);
    work.sums_stride = width;
    work.bias = product_.bias == nullptr ? nullptr : product_.bias + column;
    if (product_.residual != nullptr) {
      work.residual = product_.residual + row * product_.residual_stride + column;
      work.residual_stride = product_.residual_stride;
    }
    work.output = product_.output + row * product_.output_stride + column;
    work.output_stride = product_.output_stride;
    work.activation = product_.activation;
    kernels.packed_finish(work, rows, std::min(kernels.panel_width, end - first));
  }
}

void Compute(const Product& product, const Int8Panels& weight, int num_threads) {
  const RoundedRows rounded(product.rows, weight.depth);
  const RoundingTasks rounding(product.x, product.x_stride, product.rows, weight.depth, rounded.rows());
  const Int8ProductTasks tasks(product, rounded.rows(), weight, num_threads);
  Crew::Run({PhaseOf(rounding.num_tasks(), rounding), PhaseOf(tasks.num_tasks(), tasks)}, num_threads);
}

}  // namespace lxmert
