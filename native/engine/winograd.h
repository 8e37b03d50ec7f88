// 3x3 convolutions with a border of zeros by Winograd's tiles (native/kernels/winograd.h), as tasks for the crew:
// inputs to points, a product for each point, products to outputs.
#pragma once

#include <cstdint>
#include <vector>

#include "product.h"

namespace lxmert {

// Of a side: tiles of 4 outputs, then tiles of 3, so that no more than needed are computed.
struct TiledSide {
  explicit TiledSide(int64_t size);

  // Tiles that have a point.
  int64_t Count(int64_t point) const { return point == kPointOfFours ? num_fours : num_tiles; }
  int64_t TileSize(int64_t tile) const { return tile < num_fours ? 4 : 3; }
  int64_t Start(int64_t tile) const { return 3 * tile + (tile < num_fours ? tile : num_fours); }

  static constexpr int64_t kNumPoints = 6;
  static constexpr int64_t kPointOfFours = 4;

  int64_t num_tiles, num_fours;
};

// Rows of channels lie `stride` values apart; strides are multiples of a vector, and what lies behind the channels may
// be anything.
struct WinogradWork {
  const float* x;  // (maps, height, width, x_stride)
  int64_t maps, height, width;
  int64_t channels, x_stride;
  const float* weights;  // a packed weight (num_outputs, channels) for each of 6 x 6 points, one behind the other
  int64_t num_outputs;
  const float* bias;  // (num_outputs), readable to a multiple of a vector
  float* output;      // (maps, height, width, output_stride): max(0, outputs)
  int64_t output_stride;
};

class WinogradConvolution {
 public:
  // points, products: memory for PointValues() values each.
  WinogradConvolution(const WinogradWork& work, float* points, float* products, int num_threads);

  WinogradConvolution(const WinogradConvolution&) = delete;
  WinogradConvolution& operator=(const WinogradConvolution&) = delete;

  static int64_t PointValues(int64_t maps, int64_t height, int64_t width, int64_t channels);

  // Values from one row of channels to the next, all of them vectors; the distance is no power of two, which a cache
  // would put into few of its lines.
  static int64_t StrideOf(int64_t channels);

  // Three phases.
  void AppendPhases(std::vector<Phase>& phases) const;

 private:
  // Of point (i, j): its rows begin where those of the points before it end.
  struct Point {
    int64_t row, column, first_row, first_task;
  };

  template <typename Body>
  void ForTiles(int64_t task, const Body& body) const;
  int64_t RowOf(const Point& point, int64_t map, int64_t y, int64_t x) const;
  void ReadTiles(int64_t task) const;
  void Multiply(int64_t task, int worker) const;
  void WriteTiles(int64_t task) const;

  struct Read {
    const WinogradConvolution* of;
    void operator()(int64_t task, int) const { of->ReadTiles(task); }
  };
  struct Multiplication {
    const WinogradConvolution* of;
    void operator()(int64_t task, int worker) const { of->Multiply(task, worker); }
  };
  struct Write {
    const WinogradConvolution* of;
    void operator()(int64_t task, int) const { of->WriteTiles(task); }
  };

  WinogradWork work_;
  TiledSide down_, across_;
  float* points_;
  float* products_;
  int64_t point_stride_, product_stride_;
  std::vector<float> zeros_;
  std::vector<Point> table_;  // (6, 6)
  std::vector<ProductTasks> tasks_;
  int64_t num_product_tasks_ = 0;
  Read read_{this};
  Multiplication multiply_{this};
  Write write_{this};
};

// weight (num_outputs, channels, 3, 3) -> 36 packed weights.
void PackWinogradWeight(const float* weight, int64_t num_outputs, int64_t channels, float* packed, int num_threads);

}  // namespace lxmert
