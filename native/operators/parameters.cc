// The table of parameters' buffers, and gradients that are added where they belong.
#include "parameters.h"

#include <c10/util/intrusive_ptr.h>

#include <mutex>
#include <unordered_map>
#include <utility>

#include "../errors.h"
#include "../tensor.h"

namespace lxmert {
namespace {

struct Registration {
  // Keeps the address from being given to another tensor while it is a key here.
  c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl> owner;
  ParameterBuffers buffers;
};

std::mutex table_mutex;
std::unordered_map<c10::TensorImpl*, Registration>& Table() {
  static auto* table = new std::unordered_map<c10::TensorImpl*, Registration>();
  return *table;
}

// The gradient buffer in use: claimed for this pass when it is not yet the parameter's gradient. `fresh` says that
// its values are of an earlier pass.
at::Tensor Claim(const at::Tensor& parameter, ParameterBuffers& buffers, bool& fresh) {
  fresh = !parameter.grad().defined();
  if (fresh) {
    parameter.mutable_grad() = buffers.gradient;
  }
  buffers.all_touched = true;
  return parameter.grad();
}

at::Tensor RowsOf(const at::Tensor& tensor, int64_t first_row, int64_t rows) {
  return first_row == 0 && rows == tensor.size(0) ? tensor : tensor.narrow(0, first_row, rows);
}

// A gradient of some rows as one of the whole parameter, in the parameter's format.
at::Tensor Whole(const at::Tensor& parameter, const at::Tensor& gradient, int64_t first_row) {
  if (gradient.size(0) == parameter.size(0)) return gradient.to(parameter.scalar_type());
  at::Tensor whole = at::zeros_like(parameter);
  whole.narrow(0, first_row, gradient.size(0)).copy_(gradient);
  return whole;
}

}  // namespace

ParameterBuffers* BuffersOf(const at::Tensor& parameter) {
  const std::lock_guard<std::mutex> lock(table_mutex);
  const auto found = Table().find(parameter.unsafeGetTensorImpl());
  return found == Table().end() ? nullptr : &found->second.buffers;
}

at::Tensor ValuesAs(const at::Tensor& parameter, at::ScalarType dtype) {
  if (parameter.scalar_type() == dtype) return parameter.detach();
  const ParameterBuffers* buffers = BuffersOf(parameter);
  if (buffers != nullptr && buffers->copy.defined() && buffers->copy.scalar_type() == dtype) return buffers->copy;
  return parameter.detach().to(dtype);
}

at::Tensor AddGradient(const at::Tensor& parameter, const at::Tensor& gradient, int64_t first_row) {
  if (!parameter.defined() || !parameter.requires_grad()) return {};
  ParameterBuffers* buffers = BuffersOf(parameter);
  if (buffers == nullptr || !buffers->gradient.defined()) return Whole(parameter, gradient, first_row);
  bool fresh = false;
  const at::Tensor target = Claim(parameter, *buffers, fresh);
  const int64_t rows = gradient.size(0);
  if (fresh && rows == target.size(0)) {
    target.copy_(gradient);
  } else {
    if (fresh) target.zero_();
    RowsOf(target, first_row, rows).add_(gradient);
  }
  return {};
}

at::Tensor AddProduct(const at::Tensor& parameter, const at::Tensor& a, const at::Tensor& b, int64_t first_row) {
  if (!parameter.defined() || !parameter.requires_grad()) return {};
  ParameterBuffers* buffers = BuffersOf(parameter);
  const bool direct =
      buffers != nullptr && buffers->gradient.defined() && buffers->gradient.scalar_type() == a.scalar_type();
  if (!direct) return AddGradient(parameter, at::mm(a, b), first_row);
  bool fresh = false;
  const at::Tensor target = Claim(parameter, *buffers, fresh);
  const int64_t rows = a.size(0);
  if (fresh && rows == target.size(0)) {
    at::Tensor output = target;
    at::mm_out(output, a, b);
  } else {
    if (fresh) target.zero_();
    at::Tensor part = RowsOf(target, first_row, rows);
    part.addmm_(a, b);
  }
  return {};
}

Napi::Value SetParameterBuffers(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "setParameterBuffers", [&] {
    const at::Tensor& parameter = TensorHandle::TensorOf(info[0], "parameter");
    const auto optional = [&](size_t i, const char* name) {
      const bool none = info[i].IsNull() || info[i].IsUndefined();
      at::Tensor tensor = none ? at::Tensor() : TensorHandle::TensorOf(info[i], name);
      TORCH_CHECK(none || (tensor.sizes() == parameter.sizes() && tensor.is_contiguous()), "the ", name,
                  " buffer must be contiguous and of the parameter's shape ", parameter.sizes());
      return tensor;
    };
    ParameterBuffers buffers{optional(1, "gradient"), optional(2, "copy"), {}, false};
    const std::lock_guard<std::mutex> lock(table_mutex);
    if (!buffers.gradient.defined() && !buffers.copy.defined()) {
      Table().erase(parameter.unsafeGetTensorImpl());
    } else {
      Table().insert_or_assign(
          parameter.unsafeGetTensorImpl(),
          Registration{c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>(parameter.getIntrusivePtr()),
                       std::move(buffers)});
    }
    return info.Env().Undefined();
  });
}

}  // namespace lxmert
