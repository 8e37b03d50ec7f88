// What a region detector needs beside convolutions: non-maximum suppression, the same for every class at once, and
// RoI max pooling. All in float32 with the rounding of Caffe's layers:
// docs/how-it-works/reference-implementation.md, "Pooling and heads".
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lxmert {
namespace {

// ---- Boxes and their overlaps.

struct Box {
  float x1, y1, x2, y2;
};

const Box* BoxesOf(const at::Tensor& boxes) {
  TORCH_CHECK(boxes.device().is_cpu() && boxes.scalar_type() == at::kFloat && boxes.is_contiguous() &&
                  boxes.dim() == 2 && boxes.size(1) == 4,
              "boxes must be contiguous float32 (n, 4) on the CPU");
  return reinterpret_cast<const Box*>(boxes.data_ptr<float>());
}

// Whether both ends of a side belong to it, so that its length is their difference + 1, as Caffe's code counts; the
// PyTorch ports count the difference alone.
enum class Ends { kBoth, kOne };

float AddedLength(Ends ends) { return ends == Ends::kBoth ? 1.0f : 0.0f; }

std::vector<float> AreasOf(const Box* boxes, int64_t count, Ends ends) {
  const float added = AddedLength(ends);
  std::vector<float> areas(count);
  for (int64_t i = 0; i < count; i++) {
    const Box& box = boxes[i];
    areas[i] = (box.x2 - box.x1 + added) * (box.y2 - box.y1 + added);
  }
  return areas;
}

class Overlap {
 public:
  // The quotient is float32; the threshold stays a double, as the number that a configuration holds.
  Overlap(double threshold, bool includes_equal, Ends ends)
      : threshold_(threshold), includes_equal_(includes_equal), added_(AddedLength(ends)) {}

  bool IsTooLarge(const Box& a, float a_area, const Box& b, float b_area) const {
    const float width = std::max(0.0f, std::min(a.x2, b.x2) - std::max(a.x1, b.x1) + added_);
    const float height = std::max(0.0f, std::min(a.y2, b.y2) - std::max(a.y1, b.y1) + added_);
    const float shared = width * height;
    const double quotient = shared / (a_area + b_area - shared);
    return includes_equal_ ? quotient >= threshold_ : quotient > threshold_;
  }

 private:
  double threshold_;
  bool includes_equal_;
  float added_;
};

// ---- One list of boxes.

at::Tensor NonMaximumSuppression(const at::Tensor& boxes, const at::Tensor& scores, double threshold,
                                 bool suppress_equal, bool both_ends, int64_t max_kept) {
  const Box* box = BoxesOf(boxes);
  const Ends ends = both_ends ? Ends::kBoth : Ends::kOne;
  const int64_t count = boxes.size(0);
  TORCH_CHECK(scores.device().is_cpu() && scores.scalar_type() == at::kFloat && scores.is_contiguous() &&
                  scores.numel() == count,
              "scores must be contiguous float32, one for each of ", count, " boxes");
  const float* score = scores.data_ptr<float>();
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [score](int64_t a, int64_t b) { return score[a] > score[b]; });
  const std::vector<float> areas = AreasOf(box, count, ends);
  const Overlap overlap(threshold, suppress_equal, ends);
  std::vector<int64_t> kept;
  for (const int64_t candidate : order) {
    if (static_cast<int64_t>(kept.size()) >= max_kept) break;
    const bool suppressed = std::any_of(kept.begin(), kept.end(), [&](int64_t winner) {
      return overlap.IsTooLarge(box[winner], areas[winner], box[candidate], areas[candidate]);
    });
    if (!suppressed) kept.push_back(candidate);
  }
  at::Tensor result = at::empty({static_cast<int64_t>(kept.size())}, at::kLong);
  std::copy(kept.begin(), kept.end(), result.data_ptr<int64_t>());
  return result;
}

// ---- Every class over the same boxes.

// Numbers whose order as unsigned integers is the descending order of the scores.
uint32_t DescendingKey(float score) {
  uint32_t bits;
  std::memcpy(&bits, &score, sizeof bits);
  const uint32_t ascending = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return ~ascending;
}

struct RankedBox {
  uint32_t key;
  uint32_t index;
};

// Sorts by key, a byte at a time from the lowest; equal keys stay in their order. For a few hundred entries this
// takes a quarter of the time of a sort by comparisons, whose branches nobody can predict.
void RadixSort(std::vector<RankedBox>& entries, std::vector<RankedBox>& spare) {
  uint32_t counts[4][256] = {};
  for (const RankedBox& entry : entries) {
    for (int byte = 0; byte < 4; byte++) counts[byte][(entry.key >> (8 * byte)) & 255]++;
  }
  for (int byte = 0; byte < 4; byte++) {
    uint32_t position = 0;
    for (uint32_t& count : counts[byte]) {
      const uint32_t size = count;
      count = position;
      position += size;
    }
    for (const RankedBox& entry : entries) spare[counts[byte][(entry.key >> (8 * byte)) & 255]++] = entry;
    entries.swap(spare);
  }
}

// Who suppresses whom, a row of bits for each box; the same for all classes, so it is found once.
std::vector<uint64_t> SuppressionBits(const Box* boxes, int64_t count, const Overlap& overlap) {
  const int64_t words = (count + 63) / 64;
  std::vector<uint64_t> bits(count * words, 0);
  const std::vector<float> areas = AreasOf(boxes, count, Ends::kBoth);
  for (int64_t a = 0; a < count; a++) {
    for (int64_t b = a + 1; b < count; b++) {
      if (!overlap.IsTooLarge(boxes[a], areas[a], boxes[b], areas[b])) continue;
      bits[a * words + b / 64] |= uint64_t{1} << (b % 64);
      bits[b * words + a / 64] |= uint64_t{1} << (a % 64);
    }
  }
  return bits;
}

// For every box the largest of its probabilities in the classes whose suppression it survives; 0 where it survives
// in none.
at::Tensor SurvivingConfidence(const at::Tensor& boxes, const at::Tensor& probabilities, int64_t first_class,
                               double threshold, bool suppress_equal) {
  const Box* box = BoxesOf(boxes);
  const int64_t count = boxes.size(0);
  TORCH_CHECK(probabilities.device().is_cpu() && probabilities.scalar_type() == at::kFloat &&
                  probabilities.is_contiguous() && probabilities.dim() == 2 && probabilities.size(0) == count,
              "probabilities must be contiguous float32 (boxes, classes) with ", count, " rows");
  const int64_t classes = probabilities.size(1);
  TORCH_CHECK(first_class >= 0 && first_class <= classes, "class ", first_class, " of ", classes);
  const float* probability = probabilities.data_ptr<float>();
  const std::vector<uint64_t> bits = SuppressionBits(box, count, Overlap(threshold, suppress_equal, Ends::kBoth));
  const int64_t words = (count + 63) / 64;

  at::Tensor result = at::zeros({count}, at::kFloat);
  float* best = result.data_ptr<float>();
  std::mutex guard;
  // Classes are taken in blocks: one line of memory holds the probabilities of a box in 16 of them.
  constexpr int64_t kBlock = 16;
  const int64_t blocks = (classes - first_class + kBlock - 1) / kBlock;
  at::parallel_for(0, blocks, 8, [&](int64_t begin, int64_t end) {
    std::vector<float> own_best(count, 0.0f);
    std::vector<RankedBox> lists[kBlock];
    for (std::vector<RankedBox>& list : lists) list.resize(count);
    std::vector<RankedBox> spare(count);
    std::vector<uint64_t> suppressed(words);
    for (int64_t block = begin; block < end; block++) {
      const int64_t first = first_class + block * kBlock;
      const int64_t size = std::min(kBlock, classes - first);
      for (int64_t i = 0; i < count; i++) {
        const float* row = probability + i * classes + first;
        for (int64_t c = 0; c < size; c++) lists[c][i] = {DescendingKey(row[c]), static_cast<uint32_t>(i)};
      }
      for (int64_t c = 0; c < size; c++) {
        RadixSort(lists[c], spare);
        std::fill(suppressed.begin(), suppressed.end(), 0);
        for (const RankedBox& entry : lists[c]) {
          const uint32_t i = entry.index;
          if ((suppressed[i / 64] >> (i % 64)) & 1) continue;
          own_best[i] = std::max(own_best[i], probability[i * classes + first + c]);
          for (int64_t w = 0; w < words; w++) suppressed[w] |= bits[i * words + w];
        }
      }
    }
    const std::lock_guard<std::mutex> lock(guard);
    for (int64_t i = 0; i < count; i++) best[i] = std::max(best[i], own_best[i]);
  });
  return result;
}

// ---- RoI max pooling.

struct Range {
  int64_t begin, end;
};

// Which bins of a side are pooled: every `step`-th from `first`.
struct Bins {
  int64_t size, first, step;
  int64_t Count() const { return (size - first + step - 1) / step; }
};

// The cells that each of the parts of a side covers, clipped to the map. Products are rounded to float32 before they
// are rounded to cells: that decides which cells a bin has.
std::vector<Range> BinRanges(float low, float high, float scale, const Bins& bins, int64_t map_size) {
  const int64_t start = static_cast<int64_t>(std::round(low * scale));
  const int64_t last = static_cast<int64_t>(std::round(high * scale));
  const int64_t size = std::max<int64_t>(last - start + 1, 1);
  const float bin = static_cast<float>(size) / static_cast<float>(bins.size);
  std::vector<Range> ranges;
  for (int64_t p = bins.first; p < bins.size; p += bins.step) {
    const int64_t begin = static_cast<int64_t>(std::floor(static_cast<float>(p) * bin)) + start;
    const int64_t end = static_cast<int64_t>(std::ceil(static_cast<float>(p + 1) * bin)) + start;
    ranges.push_back({std::clamp<int64_t>(begin, 0, map_size), std::clamp<int64_t>(end, 0, map_size)});
  }
  return ranges;
}

template <typename T>
void PoolBin(const T* map, int64_t width, int64_t channels, const Range& rows, const Range& columns, float* largest,
             T* output) {
  if (rows.begin >= rows.end || columns.begin >= columns.end) {
    std::fill(output, output + channels, T(0.0f));
    return;
  }
  std::fill(largest, largest + channels, -FLT_MAX);
  for (int64_t y = rows.begin; y < rows.end; y++) {
    for (int64_t x = columns.begin; x < columns.end; x++) {
      const T* cell = map + (y * width + x) * channels;
      for (int64_t c = 0; c < channels; c++) {
        const float value = static_cast<float>(cell[c]);
        largest[c] = value > largest[c] ? value : largest[c];
      }
    }
  }
  for (int64_t c = 0; c < channels; c++) output[c] = static_cast<T>(largest[c]);
}

template <typename T>
void PoolRegions(const at::Tensor& map, const Box* boxes, int64_t count, float scale, const Bins& row_bins,
                 const Bins& column_bins, const at::Tensor& output) {
  const int64_t channels = map.size(1), height = map.size(2), width = map.size(3);
  const T* from = map.data_ptr<T>();
  T* to = output.data_ptr<T>();
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> largest(channels);
    for (int64_t r = begin; r < end; r++) {
      const Box& box = boxes[r];
      const std::vector<Range> rows = BinRanges(box.y1, box.y2, scale, row_bins, height);
      const std::vector<Range> columns = BinRanges(box.x1, box.x2, scale, column_bins, width);
      T* bin = to + r * static_cast<int64_t>(rows.size() * columns.size()) * channels;
      for (const Range& row : rows) {
        for (const Range& column : columns) {
          PoolBin(from, width, channels, row, column, largest.data(), bin);
          bin += channels;
        }
      }
    }
  });
}

// What is pooled, checked: map (1, C, H, W), boxes (R, 4) in image pixels. With a step, every step-th bin of both sides
// from (first_row, first_column) alone.
struct Pooling {
  Pooling(const at::Tensor& map, const at::Tensor& regions, double factor, int64_t size, int64_t step,
          int64_t first_row, int64_t first_column)
      : rows{size, first_row, step}, columns{size, first_column, step}, scale(static_cast<float>(factor)) {
    TORCH_CHECK(map.device().is_cpu() && map.dim() == 4 && map.size(0) == 1,
                "the map must be of one image (1, C, H, W), on the CPU");
    TORCH_CHECK(size >= 1, "a region is pooled to at least 1 x 1 bins, not ", size);
    TORCH_CHECK(step >= 1 && 0 <= first_row && first_row < size && 0 <= first_column && first_column < size,
                "bins from (", first_row, ", ", first_column, ") on by ", step, " are not among ", size, " x ", size);
    boxes = BoxesOf(regions);
    cells = map.contiguous(at::MemoryFormat::ChannelsLast);
  }

  Bins rows, columns;
  float scale;
  const Box* boxes;
  at::Tensor cells;
};

// -> (R, C, size, size), channels last in memory as the map's.
at::Tensor RoiMaxPool(const at::Tensor& map, const at::Tensor& boxes, double scale, int64_t size, int64_t step,
                      int64_t first_row, int64_t first_column) {
  const Pooling pooling(map, boxes, scale, size, step, first_row, first_column);
  const auto& [rows, columns, factor, box, cells] = pooling;
  const int64_t count = boxes.size(0);
  at::Tensor output =
      at::empty({count, map.size(1), rows.Count(), columns.Count()}, map.options(), at::MemoryFormat::ChannelsLast);
  if (map.scalar_type() == at::kFloat) {
    PoolRegions<float>(cells, box, count, factor, rows, columns, output);
  } else {
    TORCH_CHECK(map.scalar_type() == at::kBFloat16, "expected a map in float32 or bfloat16 but received ",
                c10::toString(map.scalar_type()));
    PoolRegions<at::BFloat16>(cells, box, count, factor, rows, columns, output);
  }
  return output;
}

// The same bins without what comes more than once: boxes overlap, and where they are small neighbouring bins have the
// same cells. -> the different bins (B, C), and for each region's bins (R, rows, columns) which it is, int64.
std::tuple<at::Tensor, at::Tensor> RoiMaxPoolOnce(const at::Tensor& map, const at::Tensor& boxes, double scale,
                                                  int64_t size, int64_t step, int64_t first_row, int64_t first_column) {
  const Pooling pooling(map, boxes, scale, size, step, first_row, first_column);
  TORCH_CHECK(map.scalar_type() == at::kFloat, "expected a map in float32 but received ",
              c10::toString(map.scalar_type()));
  const int64_t count = boxes.size(0), channels = map.size(1), height = map.size(2), width = map.size(3);
  TORCH_CHECK(height < (1 << 15) && width < (1 << 15), "a map of ", height, " x ", width, " is too large");
  at::Tensor index = at::empty({count, pooling.rows.Count(), pooling.columns.Count()}, at::kLong);
  int64_t* number = index.data_ptr<int64_t>();
  std::unordered_map<uint64_t, int64_t> seen;
  std::vector<std::pair<Range, Range>> bins;
  for (int64_t r = 0; r < count; r++) {
    const Box& box = pooling.boxes[r];
    const std::vector<Range> rows = BinRanges(box.y1, box.y2, pooling.scale, pooling.rows, height);
    const std::vector<Range> columns = BinRanges(box.x1, box.x2, pooling.scale, pooling.columns, width);
    for (const Range& row : rows) {
      for (const Range& column : columns) {
        const uint64_t key = static_cast<uint64_t>(row.begin) << 48 | static_cast<uint64_t>(row.end) << 32 |
                             static_cast<uint64_t>(column.begin) << 16 | static_cast<uint64_t>(column.end);
        const auto [place, is_new] = seen.emplace(key, static_cast<int64_t>(bins.size()));
        if (is_new) bins.emplace_back(row, column);
        *number++ = place->second;
      }
    }
  }
  const int64_t num_bins = static_cast<int64_t>(bins.size());
  at::Tensor table = at::empty({num_bins, channels}, at::kFloat);
  const float* from = pooling.cells.data_ptr<float>();
  float* to = table.data_ptr<float>();
  at::parallel_for(0, num_bins, 16, [&](int64_t begin, int64_t end) {
    std::vector<float> largest(channels);
    for (int64_t b = begin; b < end; b++) {
      PoolBin(from, width, channels, bins[b].first, bins[b].second, largest.data(), to + b * channels);
    }
  });
  return {table, index};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def(
      "non_maximum_suppression(Tensor boxes, Tensor scores, float threshold, bool suppress_equal, bool both_ends, "
      "int max_kept) -> Tensor",
      &NonMaximumSuppression);
  library.def(
      "surviving_confidence(Tensor boxes, Tensor probabilities, int first_class, float threshold, "
      "bool suppress_equal) -> Tensor",
      &SurvivingConfidence);
  library.def(
      "roi_max_pool(Tensor map, Tensor boxes, float scale, int size, int step=1, int first_row=0, int first_column=0) "
      "-> Tensor",
      &RoiMaxPool);
  library.def(
      "roi_max_pool_once(Tensor map, Tensor boxes, float scale, int size, int step, int first_row, int first_column) "
      "-> (Tensor, Tensor)",
      &RoiMaxPoolOnce);
}

}  // namespace lxmert
