// How a product is cut into tasks, and what a task does.
#include "product.h"

#include <algorithm>

#include "scratch.h"

namespace lxmert {
namespace {

// Values of the depth that are multiplied before the next panel's turn: a panel's part (96 KB with 32 columns) and that
// of so many rows stay in a core's second cache together.
constexpr int64_t kDepthBlock = 768;
constexpr int64_t kMostRows = 144;
// With rows of one tile memory is the limit: how far ahead of it its values are asked for, in values.
constexpr int64_t kAhead = 4096;
// Panels by which the rows of a block are multiplied when they have been brought into the cache.
constexpr int64_t kPanelsOfGroup = 8;

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

ProductTasks::ProductTasks(const Product& product, int num_threads) : product_(product), num_threads_(num_threads) {
  const Kernels& kernels = ActiveKernels();
  first_panel_ = product.first_column / kernels.panel_width;
  num_panels_ = product.num_columns == 0
                    ? 0
                    : (product.first_column + product.num_columns - 1) / kernels.panel_width + 1 - first_panel_;
  num_row_blocks_ = CeilDiv(product.rows, kMostRows);
  const int64_t num_tiles = CeilDiv(product.rows, kernels.tile_rows);
  depth_block_ = kDepthBlock;
  panels_per_group_ = kPanelsOfGroup;
  if (num_row_blocks_ <= 1) {
    // Few rows: tasks are short, so that the last ones end together.
    const int64_t most = num_tiles <= 1 ? kPanelsOfGroup : kPanelsOfGroup / 2;
    panels_per_group_ = std::clamp<int64_t>(num_panels_ / (4 * num_threads), 1, most);
  }
  if (num_tiles <= 1) depth_block_ = std::max<int64_t>(1, product.weight.depth);
  num_groups_ = CeilDiv(num_panels_, panels_per_group_);
  // More threads than panels: fewer rows each.
  const int64_t wanted = std::min<int64_t>(num_tiles, CeilDiv(2 * num_threads, std::max<int64_t>(1, num_groups_)));
  if (num_threads > 1 && num_row_blocks_ < wanted) num_row_blocks_ = wanted;
  rows_per_block_ =
      num_row_blocks_ == 0 ? 0 : CeilDiv(CeilDiv(product.rows, num_row_blocks_), kernels.tile_rows) * kernels.tile_rows;
  if (num_row_blocks_ <= 1) rows_per_block_ = product.rows;
  num_row_blocks_ = product.rows == 0 ? 0 : CeilDiv(product.rows, rows_per_block_);
}

void ProductTasks::operator()(int64_t task, int) const {
  const int64_t width = ActiveKernels().panel_width, depth = product_.weight.depth;
  const int64_t first_row = task / num_groups_ * rows_per_block_;
  const int64_t rows = std::min(rows_per_block_, product_.rows - first_row);
  const int64_t first = first_panel_ + task % num_groups_ * panels_per_group_;
  const int64_t last = std::min(first + panels_per_group_, first_panel_ + num_panels_);
  float* sums = ThreadScratch(rows * width * panels_per_group_);
  const auto place = [&](int64_t panel, int64_t k) { return product_.weight.panels + (panel * depth + k) * width; };
  // What this thread will probably be given next.
  const int64_t after = first + num_threads_ * panels_per_group_;
  for (int64_t k = 0; k == 0 || k < depth; k += depth_block_) {
    for (int64_t panel = first; panel < last; panel++) {
      const float* next = nullptr;
      if (product_.rows <= ActiveKernels().tile_rows)
        next = place(panel, 0) + kAhead;
      else if (panel + 1 < last)
        next = place(panel + 1, k);
      else if (k + depth_block_ < depth)
        next = place(first, k + depth_block_);
      else if (after < first_panel_ + num_panels_)
        next = place(after, 0);
      ComputePanel(panel, next, first_row, rows, k, sums + (panel - first) * rows * width);
    }
  }
}

void ProductTasks::ComputePanel(int64_t panel, const float* next, int64_t first_row, int64_t rows, int64_t k,
                                float* sums) const {
  const Kernels& kernels = ActiveKernels();
  const int64_t width = kernels.panel_width, depth = product_.weight.depth;
  const int64_t block = std::min(depth_block_, depth - k);
  const int64_t num_tiles = CeilDiv(rows, kernels.tile_rows);
  const int64_t lines_of_step = std::max<int64_t>(1, width * static_cast<int64_t>(sizeof(float)) / 64);
  // The first tile or two ask for the whole of the next part.
  const int64_t asking_tiles = std::min(num_tiles, lines_of_step);
  for (int64_t tile = 0, row = 0; tile < num_tiles; tile++) {
    // As even as can be: 46 rows are 12, 12, 11 and 11.
    const int64_t end = rows * (tile + 1) / num_tiles;
    PackedTile work{};
    work.x = product_.x + (first_row + row) * product_.x_stride + k;
    work.x_stride = product_.x_stride;
    work.panel = product_.weight.panels + (panel * depth + k) * width;
    work.depth = block;
    work.sums = sums + row * width;
    work.continues = k > 0;
    if (next != nullptr && tile < asking_tiles) {
      work.next_lines = lines_of_step / asking_tiles;
      work.next = reinterpret_cast<const char*>(next) + tile * block * work.next_lines * 64;
    }
    kernels.packed_tile(work, end - row);
    if (k + block == depth) Finish(panel, first_row + row, end - row, sums + row * width);
    row = end;
  }
}

void ProductTasks::Finish(int64_t panel, int64_t row, int64_t rows, const float* sums) const {
  const Kernels& kernels = ActiveKernels();
  const int64_t begin = std::max(panel * kernels.panel_width, product_.first_column);
  const int64_t end = std::min((panel + 1) * kernels.panel_width, product_.first_column + product_.num_columns);
  const int64_t column = begin - product_.first_column;
  PackedFinish work{};
  work.sums = sums + (begin - panel * kernels.panel_width);
  work.sums_stride = kernels.panel_width;
  work.bias = product_.bias == nullptr ? nullptr : product_.bias + column;
  if (product_.residual != nullptr) {
    work.residual = product_.residual + row * product_.residual_stride + column;
    work.residual_stride = product_.residual_stride;
  }
  work.output = product_.output + row * product_.output_stride + column;
  work.output_stride = product_.output_stride;
  work.activation = product_.activation;
  kernels.packed_finish(work, rows, end - begin);
}

void Compute(const Product& product, int num_threads) {
  const ProductTasks tasks(product, num_threads);
  Crew::RunTasks(tasks.num_tasks(), num_threads, tasks);
}

}  // namespace lxmert
