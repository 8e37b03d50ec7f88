// lxmert::sum_of_squares and lxmert::bert_adam_: one pass each over flat buffers.
#include <torch/library.h>

#include <algorithm>
#include <vector>

#include "support.h"

namespace lxmert {
namespace {

// Values that a thread works on at a time.
constexpr int64_t kBlock = 1 << 18;

double SumOfSquares(const at::Tensor& values) {
  TORCH_CHECK(values.is_contiguous() && values.device().is_cpu(), "values must be contiguous and on the CPU");
  const int64_t count = values.numel();
  const auto kernel = ActiveKernels().sum_of_squares[FormatOf(values)];
  // Blocks of one size, added in order: the same sum whatever the number of threads.
  std::vector<double> sums(static_cast<size_t>((count + kBlock - 1) / kBlock));
  at::parallel_for(0, static_cast<int64_t>(sums.size()), 1, [&](int64_t first, int64_t last) {
    for (int64_t block = first; block < last; block++) {
      sums[static_cast<size_t>(block)] =
          kernel(values.data_ptr(), block * kBlock, std::min(count, (block + 1) * kBlock));
    }
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

float* FloatsOf(const at::Tensor& tensor, int64_t count, const char* name) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.is_contiguous() && tensor.numel() == count &&
                  tensor.device().is_cpu(),
              name, " must be ", count, " contiguous float32 values on the CPU");
  return tensor.data_ptr<float>();
}

void BertAdam(const at::Tensor& parameters, const at::Tensor& gradients, const at::Tensor& mean,
              const at::Tensor& mean_square, const c10::optional<at::Tensor>& copy, double gradient_scale, double rate,
              double beta1, double beta2, double eps, double weight_decay) {
  const int64_t count = parameters.numel();
  TORCH_CHECK(gradients.numel() == count && gradients.is_contiguous() && gradients.device().is_cpu(),
              "gradients must be ", count, " contiguous values on the CPU");
  AdamStep work{};
  work.parameters = FloatsOf(parameters, count, "parameters");
  work.gradients = gradients.data_ptr();
  work.mean = FloatsOf(mean, count, "mean");
  work.mean_square = FloatsOf(mean_square, count, "mean_square");
  if (copy.has_value() && copy->defined()) {
    TORCH_CHECK(copy->scalar_type() == at::kBFloat16 && copy->is_contiguous() && copy->numel() == count,
                "copy must be ", count, " contiguous bfloat16 values");
    work.copy = copy->data_ptr();
  }
  work.gradient_scale = static_cast<float>(gradient_scale);
  work.rate = static_cast<float>(rate);
  work.beta1 = static_cast<float>(beta1);
  work.complement1 = static_cast<float>(1 - beta1);
  work.beta2 = static_cast<float>(beta2);
  work.complement2 = static_cast<float>(1 - beta2);
  work.eps = static_cast<float>(eps);
  work.shrinkage = static_cast<float>(1 - rate * weight_decay);
  const auto kernel = ActiveKernels().adam_step[FormatOf(gradients)];
  at::parallel_for(0, count, kBlock, [&](int64_t first, int64_t last) { kernel(work, first, last); });
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def("sum_of_squares(Tensor values) -> float", &SumOfSquares);
  library.def(
      "bert_adam_(Tensor(a!) parameters, Tensor gradients, Tensor(b!) mean, Tensor(c!) mean_square, "
      "Tensor(d!)? copy, float gradient_scale, float rate, float beta1, float beta2, float eps, float weight_decay) "
      "-> ()",
      [](at::Tensor parameters, const at::Tensor& gradients, at::Tensor mean, at::Tensor mean_square,
         c10::optional<at::Tensor> copy, double gradient_scale, double rate, double beta1, double beta2, double eps,
         double weight_decay) {
        BertAdam(parameters, gradients, mean, mean_square, copy, gradient_scale, rate, beta1, beta2, eps, weight_decay);
      });
}

}  // namespace lxmert
