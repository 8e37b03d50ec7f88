// How a product is cut into tasks, whatever the format of its weight.
#pragma once

#include <cstdint>

namespace lxmert {

struct Product;

inline int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// What a weight's format says of its kernels.
struct CutSizes {
  int64_t panel_width;  // columns
  int64_t tile_rows;
  // So many rows stay in a core's second cache while panels pass.
  int64_t most_rows;
  // Panels of a task at the most where all rows stay there.
  int64_t most_panels;
};

// Tasks of some rows by some panels. With few rows a task is a few panels, whose values are read from memory by one
// thread once; with many, panels are read again for each block of rows.
class ProductCut {
 public:
  // Panels by which the rows of a block are multiplied when they have been brought into the cache.
  static constexpr int64_t kPanelsOfGroup = 8;

  struct Task {
    int64_t first_row, rows;
    int64_t first_panel, last_panel;
    int64_t next_panel;  // what the thread will probably be given next; end_panel() or behind it: nothing
  };

  ProductCut(const Product& product, const CutSizes& sizes, int num_threads);

  int64_t num_tasks() const { return num_row_blocks_ * num_groups_; }
  int64_t panels_per_group() const { return panels_per_group_; }
  // Behind the last panel that the product reads.
  int64_t end_panel() const { return first_panel_ + num_panels_; }
  Task TaskAt(int64_t task) const;

 private:
  int64_t num_rows_;
  int num_threads_;
  int64_t first_panel_, num_panels_;
  int64_t panels_per_group_, num_groups_;
  int64_t rows_per_block_, num_row_blocks_;
};

// Writes the outputs of some rows and a panel from their sums (rows, panel_width).
void FinishPanel(const Product& product, int64_t panel_width, int64_t panel, int64_t row, int64_t rows,
                 const float* sums);

}  // namespace lxmert
