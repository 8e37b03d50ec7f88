// Memory of a thread for what a task needs meanwhile; it stays with the thread.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace lxmert {

// At least `count` values, on a cache line; what an earlier call gave is invalid.
inline float* ThreadScratch(int64_t count) {
  struct Free {
    void operator()(float* values) const { std::free(values); }
  };
  static thread_local std::unique_ptr<float, Free> values;
  static thread_local int64_t size = 0;
  if (size < count) {
    const size_t bytes = (static_cast<size_t>(count) * sizeof(float) + 63) / 64 * 64;
    values.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
    if (values == nullptr) throw std::bad_alloc();
    size = count;
  }
  return values.get();
}

}  // namespace lxmert
