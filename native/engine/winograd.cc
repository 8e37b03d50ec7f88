// Shares a Winograd convolution out: which rows of which product each tile reads and writes.
#include "winograd.h"

#include <algorithm>

namespace lxmert {
namespace {

constexpr int64_t kSide = TiledSide::kNumPoints;
// Values between the rows of channels.
constexpr int64_t kGap = 16;

int64_t PackedValues(int64_t columns, int64_t depth) {
  return NumPanels(columns) * depth * ActiveKernels().panel_width;
}

}  // namespace

TiledSide::TiledSide(int64_t side) : num_tiles((side + 3) / 4), num_fours(std::max<int64_t>(0, side - 3 * num_tiles)) {}

int64_t WinogradConvolution::StrideOf(int64_t channels) {
  const int64_t lanes = ActiveKernels().lanes;
  return (channels + lanes - 1) / lanes * lanes + kGap;
}

int64_t WinogradConvolution::PointValues(int64_t maps, int64_t height, int64_t width, int64_t channels) {
  const TiledSide down(height), across(width);
  const int64_t points_down = 5 * down.num_tiles + down.num_fours,
                points_across = 5 * across.num_tiles + across.num_fours;
  return maps * points_down * points_across * StrideOf(channels);
}

WinogradConvolution::WinogradConvolution(const WinogradWork& work, float* points, float* products, int num_threads)
    : work_(work),
      down_(work.height),
      across_(work.width),
      points_(points),
      products_(products),
      point_stride_(StrideOf(work.channels)),
      product_stride_(StrideOf(work.num_outputs)),
      zeros_(static_cast<size_t>(point_stride_), 0.0f) {
  const int64_t packed_values = PackedValues(work.num_outputs, work.channels);
  int64_t first_row = 0;
  for (int64_t i = 0; i < kSide; i++) {
    for (int64_t j = 0; j < kSide; j++) {
      const int64_t num_rows = work.maps * down_.Count(i) * across_.Count(j);
      Product product{};
      product.x = points + first_row * point_stride_;
      product.x_stride = point_stride_;
      product.rows = num_rows;
      product.weight = {work.weights + (i * kSide + j) * packed_values, work.num_outputs, work.channels};
      product.num_columns = work.num_outputs;
      product.output = products + first_row * product_stride_;
      product.output_stride = product_stride_;
      tasks_.emplace_back(product, num_threads);
      table_.push_back({i, j, first_row, num_product_tasks_});
      num_product_tasks_ += tasks_.back().num_tasks();
      first_row += num_rows;
    }
  }
}

void WinogradConvolution::AppendPhases(std::vector<Phase>& phases) const {
  const int64_t num_tile_rows = work_.maps * down_.num_tiles;
  phases.push_back(PhaseOf(num_tile_rows, read_));
  phases.push_back(PhaseOf(num_product_tasks_, multiply_));
  phases.push_back(PhaseOf(num_tile_rows, write_));
}

int64_t WinogradConvolution::RowOf(const Point& point, int64_t map, int64_t y, int64_t x) const {
  return point.first_row + (map * down_.Count(point.row) + y) * across_.Count(point.column) + x;
}

// body(map, tile y, tile x) of one row of tiles.
template <typename Body>
void WinogradConvolution::ForTiles(int64_t task, const Body& body) const {
  for (int64_t x = 0; x < across_.num_tiles; x++) body(task / down_.num_tiles, task % down_.num_tiles, x);
}

namespace {

// Points of a side of a tile, of the six.
inline int64_t PointOf(int64_t tile_size, int64_t i) { return tile_size == 3 && i == 4 ? 5 : i; }

}  // namespace

void WinogradConvolution::ReadTiles(int64_t task) const {
  const float* from[kSide * kSide];
  float* to[kSide * kSide];
  const int64_t channels = point_stride_ - kGap;
  ForTiles(task, [&](int64_t map, int64_t y, int64_t x) {
    const int64_t rows = down_.TileSize(y), columns = across_.TileSize(x);
    for (int64_t i = 0; i < rows + 2; i++) {
      for (int64_t j = 0; j < columns + 2; j++) {
        const int64_t row = down_.Start(y) + i - 1, column = across_.Start(x) + j - 1;
        const bool is_inside = row >= 0 && row < work_.height && column >= 0 && column < work_.width;
        from[i * (columns + 2) + j] =
            is_inside ? work_.x + ((map * work_.height + row) * work_.width + column) * work_.x_stride : zeros_.data();
        const Point& point = table_[PointOf(rows, i) * kSide + PointOf(columns, j)];
        to[i * (columns + 2) + j] = points_ + RowOf(point, map, y, x) * point_stride_;
      }
    }
    ActiveKernels().winograd_input({from, to, nullptr, channels}, rows, columns);
  });
}

void WinogradConvolution::Multiply(int64_t task, int worker) const {
  const auto after = std::upper_bound(table_.begin(), table_.end(), task,
                                      [](int64_t value, const Point& point) { return value < point.first_task; });
  const int64_t number = after - table_.begin() - 1;
  tasks_[number](task - table_[number].first_task, worker);
}

void WinogradConvolution::WriteTiles(int64_t task) const {
  const float* from[kSide * kSide];
  float* to[16];
  const int64_t channels = product_stride_ - kGap;
  ForTiles(task, [&](int64_t map, int64_t y, int64_t x) {
    const int64_t rows = down_.TileSize(y), columns = across_.TileSize(x);
    for (int64_t i = 0; i < rows + 2; i++) {
      for (int64_t j = 0; j < columns + 2; j++) {
        const Point& point = table_[PointOf(rows, i) * kSide + PointOf(columns, j)];
        from[i * (columns + 2) + j] = products_ + RowOf(point, map, y, x) * product_stride_;
      }
    }
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < columns; j++) {
        const int64_t row = down_.Start(y) + i, column = across_.Start(x) + j;
        const bool is_inside = row < work_.height && column < work_.width;
        to[i * columns + j] =
            is_inside ? work_.output + ((map * work_.height + row) * work_.width + column) * work_.output_stride
                      : nullptr;
      }
    }
    ActiveKernels().winograd_output({from, to, work_.bias, channels}, rows, columns);
  });
}

void PackWinogradWeight(const float* weight, int64_t num_outputs, int64_t channels, float* packed, int num_threads) {
  const int64_t packed_values = PackedValues(num_outputs, channels);
  Crew::RunTasks(kSide * kSide, num_threads, [&](int64_t point, int) {
    std::vector<float> values(static_cast<size_t>(num_outputs * channels));
    ActiveKernels().winograd_weight(weight, num_outputs * channels, point / kSide, point % kSide, values.data());
    ActiveKernels().pack_panels(values.data(), num_outputs, channels, packed + point * packed_values, 0,
                                NumPanels(num_outputs));
  });
}

}  // namespace lxmert
