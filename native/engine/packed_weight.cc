// Packing a weight and back, shared out by panels.
#include "packed_weight.h"

#include "crew.h"

namespace lxmert {

void PackWeight(const float* weight, int64_t columns, int64_t depth, float* panels, int num_threads) {
  const auto pack = ActiveKernels().pack_panels;
  Crew::RunTasks(NumPanels(columns), num_threads,
                 [&](int64_t panel, int) { pack(weight, columns, depth, panels, panel, panel + 1); });
}

void UnpackWeight(const PackedWeight& packed, float* weight, int num_threads) {
  const auto unpack = ActiveKernels().unpack_panels;
  Crew::RunTasks(NumPanels(packed.columns), num_threads, [&](int64_t panel, int) {
    unpack(packed.panels, packed.columns, packed.depth, weight, panel, panel + 1);
  });
}

}  // namespace lxmert
