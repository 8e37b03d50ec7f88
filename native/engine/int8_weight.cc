// Rounding weights to 8 bits, and packing them.
#include "int8_weight.h"

#include <atomic>
#include <cmath>

#include "crew.h"

namespace lxmert {
namespace {

// False when a number is not finite.
bool RoundColumn(const float* weight, int64_t depth, int8_t* values, float* scale) {
  float largest = 0, finite = 0;
  for (int64_t k = 0; k < depth; k++) {
    const float size = std::fabs(weight[k]);
    largest = size > largest ? size : largest;
    finite += weight[k] * 0.0f;
  }
  const bool has_steps = largest >= kInt8Narrowest;
  *scale = has_steps ? largest / kInt8Largest : 0.0f;
  const float inverse = has_steps ? kInt8Largest / largest : 0.0f;
  for (int64_t k = 0; k < depth; k++) values[k] = static_cast<int8_t>(RoundToWhole(weight[k] * inverse));
  return finite == 0;
}

}  // namespace

bool RoundWeight(const float* weight, int64_t columns, int64_t depth, int8_t* values, float* scales, int num_threads) {
  std::atomic<bool> is_finite{true};
  constexpr int64_t kColumnsOfTask = 64;
  Crew::RunTasks((columns + kColumnsOfTask - 1) / kColumnsOfTask, num_threads, [&](int64_t task, int) {
    for (int64_t n = task * kColumnsOfTask; n < columns && n < (task + 1) * kColumnsOfTask; n++) {
      if (!RoundColumn(weight + n * depth, depth, values + n * depth, scales + n)) is_finite = false;
    }
  });
  return is_finite;
}

Int8More FindInt8More(const Int8Kernels& kernels, const int8_t* weight, int64_t columns, int64_t depth,
                      int num_threads) {
  const int64_t num_panels = Int8PanelCount(kernels, columns), num_steps = Int8Steps(kernels, depth);
  Int8More more;
  more.starts.assign(static_cast<size_t>(num_panels) + 1, 0);
  std::vector<int32_t> steps(static_cast<size_t>(num_panels * num_steps));
  Crew::RunTasks(num_panels, num_threads, [&](int64_t panel, int) {
    more.starts[static_cast<size_t>(panel) + 1] =
        static_cast<int32_t>(kernels.find_more(weight, columns, depth, panel, steps.data() + panel * num_steps));
  });
  for (int64_t panel = 0; panel < num_panels; panel++) {
    const auto first = steps.begin() + panel * num_steps;
    int32_t& count = more.starts[static_cast<size_t>(panel) + 1];
    more.steps.insert(more.steps.end(), first, first + count);
    count = static_cast<int32_t>(more.steps.size());
  }
  return more;
}

int64_t Int8PackedBytes(const Int8Kernels& kernels, int64_t columns, int64_t depth, int64_t num_more) {
  return (Int8PanelCount(kernels, columns) * Int8Steps(kernels, depth) + num_more) * Int8StepBytes(kernels);
}

void PackInt8Weight(const Int8Kernels& kernels, const int8_t* weight, int64_t columns, int64_t depth,
                    const Int8More& more, int8_t* panels, int32_t* sums, int num_threads) {
  const int64_t num_panels = Int8PanelCount(kernels, columns);
  const int64_t panel_bytes = Int8Steps(kernels, depth) * Int8StepBytes(kernels);
  Crew::RunTasks(num_panels, num_threads, [&](int64_t panel, int) {
    const int64_t before = more.starts[static_cast<size_t>(panel)];
    kernels.pack(weight, columns, depth, panel, panels + panel * panel_bytes,
                 panels + num_panels * panel_bytes + before * Int8StepBytes(kernels));
    for (int64_t n = panel * kernels.panel_columns; n < (panel + 1) * kernels.panel_columns; n++) {
      int32_t sum = 0;
      for (int64_t k = 0; n < columns && k < depth; k++) sum += weight[n * depth + k];
      sums[n] = sum;
    }
  });
}

void UnpackInt8Weight(const Int8Kernels& kernels, const Int8Panels& packed, int8_t* values, int num_threads) {
  Crew::RunTasks(Int8PanelCount(kernels, packed.columns), num_threads,
                 [&](int64_t panel, int) { kernels.unpack(packed, panel, values); });
}

}  // namespace lxmert
