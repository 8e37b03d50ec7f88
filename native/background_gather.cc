// Rows of mapped files copied into a tensor by threads of their own, which read the pages that are not in memory.
#include "background_gather.h"

#include <algorithm>
#include <cstring>

#include "convert.h"
#include "errors.h"
#include "tensor.h"

namespace lxmert {
namespace {

const at::Tensor& PlainRows(const Napi::Value& value, const char* role) {
  const at::Tensor& tensor = TensorHandle::TensorOf(value, role);
  TORCH_CHECK(tensor.is_cpu() && tensor.is_contiguous() && tensor.dim() >= 1, role,
              " must be contiguous rows in the processor's memory");
  return tensor;
}

Napi::Int32Array Numbers(const Napi::Value& value, size_t count, const char* role) {
  TORCH_CHECK(value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_int32_array &&
                  value.As<Napi::TypedArray>().ElementLength() == count,
              role, " must be an Int32Array of ", count);
  return value.As<Napi::Int32Array>();
}

}  // namespace

Napi::Function BackgroundGather::Define(Napi::Env env) {
  return DefineClass(env, "BackgroundGather", {InstanceMethod<&BackgroundGather::Wait>("wait")});
}

BackgroundGather::BackgroundGather(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BackgroundGather>(info) {
  Guard(info.Env(), "BackgroundGather", [&] {
    output_ = PlainRows(info[0], "output");
    const Napi::Array sources = info[1].As<Napi::Array>();
    for (uint32_t i = 0; i < sources.Length(); i++) {
      const at::Tensor& source = PlainRows(sources.Get(i), "sources");
      TORCH_CHECK(source.scalar_type() == output_.scalar_type() && source.sizes().slice(1) == output_.sizes().slice(1),
                  "rows of ", source.sizes(), " do not fit into ", output_.sizes());
      sources_.push_back(source);
    }
    const auto count = static_cast<size_t>(output_.size(0));
    const Napi::Int32Array source_of = Numbers(info[2], count, "sourceOf");
    const Napi::Int32Array row_of = Numbers(info[3], count, "rowOf");
    row_bytes_ = count == 0 ? 0 : output_.nbytes() / count;
    for (size_t i = 0; i < count; i++) {
      const int32_t source = source_of[i], row = row_of[i];
      TORCH_CHECK(source >= 0 && static_cast<size_t>(source) < sources_.size() && row >= 0 &&
                      row < sources_[static_cast<size_t>(source)].size(0),
                  "there is no row ", row, " in source ", source);
      const at::Tensor& from = sources_[static_cast<size_t>(source)];
      rows_.push_back(static_cast<const char*>(from.data_ptr()) + static_cast<size_t>(row) * row_bytes_);
    }
    const auto wanted = static_cast<size_t>(std::max<int64_t>(1, IntegerFrom(info[4], "numThreads")));
    const size_t share = (count + wanted - 1) / wanted;
    for (size_t first = 0; first < count; first += share) {
      const size_t last = std::min(count, first + share);
      threads_.emplace_back([this, first, last] { Copy(first, last); });
    }
  });
}

BackgroundGather::~BackgroundGather() { Join(); }

// Pages that are not in memory yet are read here, by a thread that nothing waits for.
void BackgroundGather::Copy(size_t first, size_t last) {
  char* to = static_cast<char*>(output_.data_ptr());
  for (size_t i = first; i < last; i++) std::memcpy(to + i * row_bytes_, rows_[i], row_bytes_);
}

void BackgroundGather::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

Napi::Value BackgroundGather::Wait(const Napi::CallbackInfo& info) {
  Join();
  return info.Env().Undefined();
}

}  // namespace lxmert
