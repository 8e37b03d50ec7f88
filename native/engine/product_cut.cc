// Rows and panels of tasks, and the end that all products have.
#include "product_cut.h"

#include <algorithm>

#include "product.h"

namespace lxmert {

ProductCut::ProductCut(const Product& product, const CutSizes& sizes, int num_threads)
    : num_rows_(product.rows), num_threads_(num_threads) {
  first_panel_ = product.first_column / sizes.panel_width;
  num_panels_ = product.num_columns == 0
                    ? 0
                    : (product.first_column + product.num_columns - 1) / sizes.panel_width + 1 - first_panel_;
  num_row_blocks_ = CeilDiv(product.rows, sizes.most_rows);
  panels_per_group_ = kPanelsOfGroup;
  if (num_row_blocks_ <= 1) {
    // Few rows: tasks are short, so that the last ones end together.
    panels_per_group_ = std::clamp<int64_t>(num_panels_ / (4 * num_threads), 1, sizes.most_panels);
  }
  num_groups_ = CeilDiv(num_panels_, panels_per_group_);
  // More threads than panels: fewer rows each.
  const int64_t num_tiles = CeilDiv(product.rows, sizes.tile_rows);
  const int64_t wanted = std::min(num_tiles, CeilDiv(2 * num_threads, std::max<int64_t>(1, num_groups_)));
  if (num_threads > 1) num_row_blocks_ = std::max(num_row_blocks_, wanted);
  rows_per_block_ = product.rows;
  if (num_row_blocks_ > 1) rows_per_block_ = CeilDiv(num_tiles, num_row_blocks_) * sizes.tile_rows;
  num_row_blocks_ = product.rows == 0 ? 0 : CeilDiv(product.rows, rows_per_block_);
}

ProductCut::Task ProductCut::TaskAt(int64_t task) const {
  Task found{};
  found.first_row = task / num_groups_ * rows_per_block_;
  found.rows = std::min(rows_per_block_, num_rows_ - found.first_row);
  found.first_panel = first_panel_ + task % num_groups_ * panels_per_group_;
  found.last_panel = std::min(found.first_panel + panels_per_group_, end_panel());
  found.next_panel = found.first_panel + num_threads_ * panels_per_group_;
  return found;
}

void FinishPanel(const Product& product, int64_t panel_width, int64_t panel, int64_t row, int64_t rows,
                 const float* sums) {
  const Kernels& kernels = ActiveKernels();
  const int64_t begin = std::max(panel * panel_width, product.first_column);
  const int64_t end = std::min((panel + 1) * panel_width, product.first_column + product.num_columns);
  // At most so many columns at a time as the kernels take: panels of 8 bits may be wider.
  for (int64_t first = begin; first < end; first += kernels.panel_width) {
    const int64_t column = first - product.first_column;
    PackedFinish work{};
    work.sums = sums + (first - panel * panel_width);
    work.sums_stride = panel_width;
    work.bias = product.bias == nullptr ? nullptr : product.bias + column;
    if (product.residual != nullptr) {
      work.residual = product.residual + row * product.residual_stride + column;
      work.residual_stride = product.residual_stride;
    }
    work.output = product.output + row * product.output_stride + column;
    work.output_stride = product.output_stride;
    work.activation = product.activation;
    kernels.packed_finish(work, rows, std::min(kernels.panel_width, end - first));
  }
}

}  // namespace lxmert
