// lxmert::keep_mask: which values dropout keeps.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <torch/library.h>

#include <cmath>
#include <mutex>

#include "support.h"

namespace lxmert {

Dropout DrawDropout(double probability) {
  TORCH_CHECK(probability >= 0 && probability < 1, "a dropout probability is at least 0 and below 1, but is ",
              probability);
  Dropout dropout;
  // 16 bits a value: the probability is met within 1 / 131072, and kept values are scaled for what it is then.
  dropout.dropped_of_65536 = static_cast<uint32_t>(std::lround(probability * 65536));
  if (dropout.dropped_of_65536 == 0) return dropout;
  dropout.kept_scale = static_cast<float>(65536.0 / (65536.0 - dropout.dropped_of_65536));
  auto* generator =
      at::get_generator_or_default<at::CPUGeneratorImpl>(c10::nullopt, at::detail::getDefaultCPUGenerator());
  const std::lock_guard<std::mutex> lock(generator->mutex_);
  dropout.seed = generator->random64();
  return dropout;
}

namespace {

// (rows, size) of what to multiply values by: 0 or 1 / (1 - p), float32.
at::Tensor DropoutFactors(int64_t rows, int64_t size, double probability) {
  TORCH_CHECK(rows >= 0 && size >= 0, "sizes are not negative");
  const Dropout dropout = DrawDropout(probability);
  at::Tensor keep = at::empty({rows, size}, at::kByte);
  uint8_t* data = keep.data_ptr<uint8_t>();
  ForRows(rows, size,
          [&](int64_t first, int64_t last) { ActiveKernels().keep_rows(dropout, size, data, first, last); });
  return keep.to(at::kFloat).mul_(dropout.kept_scale);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def("dropout_factors(int rows, int size, float probability) -> Tensor", &DropoutFactors);
}

}  // namespace lxmert
