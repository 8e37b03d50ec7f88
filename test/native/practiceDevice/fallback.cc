// The practice device's operators: the call redirected to the processor, counted, and its results brought back.
#include "fallback.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <set>
#include <string>

#include "counts.h"

namespace practice {
namespace {

// These give the processor a value or a size that depends on values.
const std::set<std::string>& SynchronizingOperators() {
  static const std::set<std::string> names = {
      "aten::_local_scalar_dense", "aten::nonzero",     "aten::masked_select",      "aten::equal",
      "aten::_unique2",            "aten::unique_dim",  "aten::unique_consecutive", "aten::unique_dim_consecutive",
      "aten::bincount"};
  return names;
}

std::string FullName(const c10::OperatorName& name) {
  return name.overload_name.empty() ? name.name : name.name + "." + name.overload_name;
}

void DeleteStorage(void* storage) { delete static_cast<c10::Storage*>(storage); }

// The memory of `storage` as another device's, which keeps it alive.
c10::DataPtr Alias(const c10::Storage& storage, c10::Device device) {
  void* data = storage.data_ptr().get();
  return {data, new c10::Storage(storage), &DeleteStorage, device};
}

at::Tensor MakeTensor(const c10::Storage& storage, c10::DispatchKey key, const at::Tensor& like) {
  at::Tensor tensor =
      at::detail::make_tensor<c10::TensorImpl>(c10::Storage(storage), c10::DispatchKeySet(key), like.dtype());
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(like.sizes(), like.strides(), like.storage_offset());
  if (like.unsafeGetTensorImpl()->is_wrapped_number()) tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
  return tensor;
}

bool IsOptionalTensorList(const c10::IValue& value) {
  return value.isList() && !value.isTensorList() && value.toList().elementType()->kind() == c10::TypeKind::OptionalType;
}

// Calls `visit` with each tensor of the argument, and whether it is an index of advanced indexing.
template <typename Visit>
void VisitTensors(const c10::IValue& value, Visit&& visit) {
  if (value.isTensor()) {
    visit(value.toTensor(), false);
  } else if (value.isTensorList() || IsOptionalTensorList(value)) {
    const bool is_index = !value.isTensorList();
    for (const c10::IValue& element : value.toListRef()) {
      if (element.isTensor()) visit(element.toTensor(), is_index);
    }
  }
}

// As strict as a GPU: scalars and indices may lie on the processor, nothing else.
void CheckDevices(const c10::OperatorHandle& op, const c10::IValue* arguments, size_t count) {
  bool any_ours = false;
  const std::string* stranger = nullptr;
  c10::Device strangers_device = TheDevice();
  for (size_t i = 0; i < count; i++) {
    VisitTensors(arguments[i], [&](const at::Tensor& tensor, bool is_index) {
      if (!tensor.defined()) return;
      if (IsOurs(tensor)) any_ours = true;
      else if (!is_index && !(tensor.is_cpu() && tensor.dim() == 0)) {
        stranger = &op.schema().arguments()[i].name();
        strangers_device = tensor.device();
      }
    });
  }
  if (!any_ours || stranger == nullptr) return;
  TORCH_CHECK(false, "Expected all tensors to be on the same device, but found at least two devices, ", TheDevice(),
              " and ", strangers_device, "! (argument ", *stranger, " of ", op.schema().name(), ")");
}

bool Synchronizes(const std::string& name, const c10::IValue* arguments, size_t count) {
  if (SynchronizingOperators().count(name) != 0) return true;
  if (name == "aten::repeat_interleave") return count >= 2 && arguments[1].isNone();
  bool by_mask = false;
  for (size_t i = 0; i < count; i++) {
    VisitTensors(arguments[i], [&](const at::Tensor& tensor, bool is_index) {
      if (is_index && IsOurs(tensor) && (tensor.scalar_type() == at::kBool || tensor.scalar_type() == at::kByte))
        by_mask = true;
    });
  }
  // One value under a mask is filled in, without looking where.
  return by_mask && !(count >= 3 && arguments[2].isTensor() && arguments[2].toTensor().numel() == 1);
}

void Fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const c10::FunctionSchema& schema = op.schema();
  const size_t count = schema.arguments().size();
  const c10::IValue* arguments = stack->data() + (stack->size() - count);
  CheckDevices(op, arguments, count);
  if (Synchronizes(schema.name(), arguments, count)) CountSynchronization();
  CountFallback(FullName(schema.operator_name()));
  HostCall call;
  for (size_t i = stack->size() - count; i < stack->size(); i++) (*stack)[i] = call.ToHost((*stack)[i]);
  {
    const at::AutoDispatchBelowADInplaceOrView guard;
    op.callBoxed(stack);
  }
  call.Finish();
  for (size_t i = stack->size() - schema.returns().size(); i < stack->size(); i++) {
    (*stack)[i] = call.ToDevice((*stack)[i]);
  }
}

}  // namespace

c10::Storage HostCall::HostStorage(const c10::Storage& storage) {
  for (const auto& [device, host] : storages_) {
    if (device.unsafeGetStorageImpl() == storage.unsafeGetStorageImpl()) return host;
  }
  c10::Storage host(c10::Storage::use_byte_size_t(), storage.nbytes(), Alias(storage, c10::Device(c10::kCPU)),
                    c10::GetAllocator(c10::kCPU), true);
  storages_.emplace_back(storage, host);
  return host;
}

c10::Storage HostCall::DeviceStorage(const c10::Storage& storage) {
  for (const auto& [device, host] : storages_) {
    if (host.unsafeGetStorageImpl() == storage.unsafeGetStorageImpl()) return device;
  }
  c10::Storage device(c10::Storage::use_byte_size_t(), storage.nbytes(), Alias(storage, TheDevice()),
                      c10::GetAllocator(kType), true);
  storages_.emplace_back(device, storage);
  return device;
}

at::Tensor HostCall::ToHost(const at::Tensor& tensor) {
  if (!IsOurs(tensor)) return tensor;
  for (const auto& [device, host] : tensors_) {
    if (device.is_same(tensor)) return host;
  }
  TORCH_CHECK(tensor.layout() == at::kStrided, "the practice device has strided tensors only");
  at::Tensor host = MakeTensor(HostStorage(tensor.storage()), c10::DispatchKey::CPU, tensor);
  tensors_.emplace_back(tensor, host);
  return host;
}

at::Tensor HostCall::ToDevice(const at::Tensor& tensor) {
  if (!tensor.defined() || IsOurs(tensor)) return tensor;
  for (const auto& [device, host] : tensors_) {
    if (host.is_same(tensor)) return device;
  }
  if (results_stay_on_host) return tensor;
  TORCH_CHECK(tensor.layout() == at::kStrided, "the practice device has strided tensors only");
  return MakeTensor(DeviceStorage(tensor.storage()), c10::DispatchKey::PrivateUse1, tensor);
}

c10::IValue HostCall::ToHost(const c10::IValue& value) {
  if (value.isTensor()) return ToHost(value.toTensor());
  if (value.isTensorList()) {
    c10::List<at::Tensor> list;
    for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(ToHost(tensor));
    return list;
  }
  if (IsOptionalTensorList(value)) {
    c10::List<c10::optional<at::Tensor>> list;
    for (const c10::IValue& element : value.toListRef()) {
      list.push_back(element.isTensor() ? c10::optional<at::Tensor>(ToHost(element.toTensor())) : c10::nullopt);
    }
    return list;
  }
  if (value.isStorage() && value.toStorage().device_type() == kType) return HostStorage(value.toStorage());
  if (value.isDevice()) {
    if (value.toDevice().type() == kType) return c10::Device(c10::kCPU);
    results_stay_on_host = true;
  }
  return value;
}

c10::IValue HostCall::ToDevice(const c10::IValue& value) {
  if (value.isTensor()) return ToDevice(value.toTensor());
  if (!value.isTensorList()) return value;
  c10::List<at::Tensor> list;
  for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(ToDevice(tensor));
  return list;
}

void HostCall::Finish() {
  for (const auto& [device, host] : storages_) {
    if (device.data_ptr().get() == host.data_ptr().get() && device.nbytes() == host.nbytes()) continue;
    device.set_data_ptr_noswap(Alias(host, TheDevice()));
    device.set_nbytes(host.nbytes());
  }
  for (const auto& [device, host] : tensors_) {
    c10::TensorImpl* impl = device.unsafeGetTensorImpl();
    const c10::Storage storage = DeviceStorage(host.storage());
    if (storage.unsafeGetStorageImpl() != device.storage().unsafeGetStorageImpl()) {
      impl->set_storage_keep_dtype(storage);
    }
    if (device.sizes() != host.sizes() || device.strides() != host.strides() ||
        device.storage_offset() != host.storage_offset()) {
      impl->set_sizes_and_strides(host.sizes(), host.strides(), host.storage_offset());
    }
  }
}

void RegisterFallback() {
  const auto kernel = [] { return torch::CppFunction::makeFromBoxedFunction<&Fallback>(); };
  // Never destroyed: tensors may outlive whoever loaded this library.
  const auto library = [](const char* name_space) {
    return new torch::Library(torch::Library::IMPL, name_space, c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
  };
  static torch::Library* everything = library("_");
  everything->fallback(kernel());
  static torch::Library* named = library("aten");
  // libtorch chooses their kernels by the kind of device and knows none for this one.
  const std::set<std::string> without_cpu_kernel = {"aten::convolution", "aten::convolution_backward"};
  c10::Dispatcher& dispatcher = c10::Dispatcher::singleton();
  for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
    if (name.name.rfind("aten::", 0) != 0) continue;
    const auto op = dispatcher.findSchema(name);
    if (!op.has_value() || op->hasKernelForDispatchKey(c10::DispatchKey::PrivateUse1)) continue;
    const bool is_exception = without_cpu_kernel.count(name.name) != 0 && name.overload_name.empty();
    if (!is_exception && !op->hasKernelForDispatchKey(c10::DispatchKey::CPU)) continue;
    named->impl(FullName(name).c_str(), kernel());
  }
}

}  // namespace practice
