// What a task of a product in float32 does.
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

CutSizes SizesOf(const Product& product) {
  const Kernels& kernels = ActiveKernels();
  const bool has_one_tile = product.rows <= kernels.tile_rows;
  const int64_t most_panels = has_one_tile ? ProductCut::kPanelsOfGroup : ProductCut::kPanelsOfGroup / 2;
  return {kernels.panel_width, kernels.tile_rows, kMostRows, most_panels};
}

}  // namespace

ProductTasks::ProductTasks(const Product& product, int num_threads)
    : product_(product), cut_(product, SizesOf(product), num_threads), depth_block_(kDepthBlock) {
  if (HasOneTile()) depth_block_ = std::max<int64_t>(1, product.weight.depth);
}

bool ProductTasks::HasOneTile() const { return product_.rows <= ActiveKernels().tile_rows; }

void ProductTasks::operator()(int64_t task, int) const {
  const int64_t width = ActiveKernels().panel_width, depth = product_.weight.depth;
  const auto [first_row, rows, first, last, after] = cut_.TaskAt(task);
  float* sums = ThreadScratch(rows * width * cut_.panels_per_group());
  const auto place = [&](int64_t panel, int64_t k) { return product_.weight.panels + (panel * depth + k) * width; };
  for (int64_t k = 0; k == 0 || k < depth; k += depth_block_) {
    for (int64_t panel = first; panel < last; panel++) {
      const float* next = nullptr;
      if (HasOneTile())
        next = place(panel, 0) + kAhead;
      else if (panel + 1 < last)
        next = place(panel + 1, k);
      else if (k + depth_block_ < depth)
        next = place(first, k + depth_block_);
      else if (after < cut_.end_panel())
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
    if (k + block == depth) FinishPanel(product_, width, panel, first_row + row, end - row, sums + row * width);
    row = end;
  }
}

void Compute(const Product& product, int num_threads) {
  const ProductTasks tasks(product, num_threads);
  Crew::RunTasks(tasks.num_tasks(), num_threads, tasks);
}

}  // namespace lxmert
