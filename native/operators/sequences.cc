// lxmert::exchange_rows and lxmert::scaled_dot_product: attention over packed rows on devices whose kernels want
// sequences of one length. Rows are laid out in slots, a fixed number for each sequence, and taken back.
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "../versions.h"

namespace lxmert {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Rows by an index that has an inverse: then the gradient is rows by the inverse, which needs no sums and has one
// order, where that of a general index_select adds in whichever order threads come by.
class ExchangeRowsFunction : public Function<ExchangeRowsFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows, const at::Tensor& index,
                            const at::Tensor& inverse, const c10::optional<at::Tensor>& counts) {
    ctx->save_for_backward({inverse, counts.value_or(at::Tensor())});
    return rows.index_select(0, index);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    at::Tensor gradient = gradients[0].index_select(0, saved[0]);
    if (saved[1].defined()) gradient.mul_(saved[1].to(gradient.scalar_type()));
    return {gradient, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def("exchange_rows(Tensor rows, Tensor index, Tensor inverse, Tensor? counts=None) -> Tensor",
              [](const at::Tensor& rows, const at::Tensor& index, const at::Tensor& inverse,
                 const c10::optional<at::Tensor>& counts) {
                return ExchangeRowsFunction::apply(rows, index, inverse, counts);
              });
  library.def("scaled_dot_product(Tensor queries, Tensor keys, Tensor values, Tensor? mask, float dropout) -> Tensor",
              [](const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                 const c10::optional<at::Tensor>& mask, double dropout) {
                return ScaledDotProduct(queries, keys, values, mask.value_or(at::Tensor()), dropout);
              });
}

}  // namespace lxmert
