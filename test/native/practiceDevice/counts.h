// What the tests ask about afterwards. Kernels run on the autograd engine's thread for the device, too.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace practice {

struct Counts {
  std::atomic<int64_t> synchronizations{0};
  std::mutex mutex;
  std::map<std::string, int64_t> fallbacks;
};
inline Counts counts;

// What a GPU would have made the processor wait for.
inline void CountSynchronization() { counts.synchronizations++; }

inline void CountFallback(const std::string& name) {
  const std::lock_guard<std::mutex> lock(counts.mutex);
  counts.fallbacks[name]++;
}

// Calls of operators by the fallback: of `aten::add.Tensor`, of every overload of `aten::add`, or, when the name is
// empty, of all.
inline int64_t NumFallbacks(const std::string& name) {
  const std::lock_guard<std::mutex> lock(counts.mutex);
  int64_t sum = 0;
  for (const auto& [key, times] : counts.fallbacks) {
    if (name.empty() || key == name || key.rfind(name + ".", 0) == 0) sum += times;
  }
  return sum;
}

inline void ResetCounts() {
  counts.synchronizations = 0;
  const std::lock_guard<std::mutex> lock(counts.mutex);
  counts.fallbacks.clear();
}

}  // namespace practice
