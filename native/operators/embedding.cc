// lxmert::embedding: rows of a table, whose gradient touches only the rows that were read.
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <vector>

#include "device.h"
#include "parameters.h"
#include "support.h"

namespace lxmert {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

std::vector<int64_t> IndicesOf(const at::Tensor& indices, int64_t num_rows) {
  const at::Tensor wide = indices.to(at::kLong).contiguous();
  const int64_t* data = wide.data_ptr<int64_t>();
  std::vector<int64_t> result(data, data + wide.numel());
  for (const int64_t index : result) {
    TORCH_CHECK(index >= 0 && index < num_rows, "index ", index, " of a table with ", num_rows, " rows");
  }
  return result;
}

void AddRows(const at::Tensor& target, const std::vector<int64_t>& indices, int64_t padding_index,
             const at::Tensor& gradient) {
  const int64_t size = target.size(1);
  float* to = target.data_ptr<float>();
  const float* from = gradient.data_ptr<float>();
  for (size_t i = 0; i < indices.size(); i++) {
    if (indices[i] == padding_index) continue;
    float* row = to + indices[i] * size;
    for (int64_t j = 0; j < size; j++) row[j] += from[static_cast<int64_t>(i) * size + j];
  }
}

class EmbeddingFunction : public Function<EmbeddingFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& table, const at::Tensor& indices,
                            int64_t padding_index) {
    ctx->saved_data["padding_index"] = padding_index;
    ctx->save_for_backward({table, indices});
    return at::embedding(table, indices);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor& table = saved[0];
    if (!table.requires_grad()) return {at::Tensor(), at::Tensor(), at::Tensor()};
    const int64_t padding_index = ctx->saved_data["padding_index"].toInt();
    const std::vector<int64_t> indices = IndicesOf(saved[1], table.size(0));
    const at::Tensor gradient = gradients[0].to(at::kFloat).contiguous();
    ParameterBuffers* buffers = BuffersOf(table);
    if (buffers == nullptr || !buffers->gradient.defined()) {
      at::Tensor whole = at::zeros_like(table);
      AddRows(whole, indices, padding_index, gradient);
      return {whole, at::Tensor(), at::Tensor()};
    }
    // The buffer is zero but for the rows of the last pass.
    if (!table.grad().defined()) {
      if (buffers->all_touched) buffers->gradient.zero_();
      for (const int64_t row : buffers->touched_rows) buffers->gradient.select(0, row).zero_();
      buffers->all_touched = false;
      buffers->touched_rows.clear();
      table.mutable_grad() = buffers->gradient;
    }
    AddRows(table.grad(), indices, padding_index, gradient);
    auto& touched = buffers->touched_rows;
    touched.insert(touched.end(), indices.begin(), indices.end());
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    return {at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

at::Tensor Embedding(const at::Tensor& table, const at::Tensor& indices, int64_t padding_index) {
  TORCH_CHECK(table.dim() == 2 && table.scalar_type() == at::kFloat && table.is_contiguous(),
              "the table must be contiguous rows of float32");
  TORCH_CHECK(indices.dim() == 1, "indices must have one dimension but have ", indices.dim());
  if (!table.is_cpu()) return device::Embedding(table, indices, padding_index);
  return EmbeddingFunction::apply(table, indices, padding_index);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def("embedding(Tensor table, Tensor indices, int padding_index) -> Tensor", &Embedding);
}

}  // namespace lxmert
