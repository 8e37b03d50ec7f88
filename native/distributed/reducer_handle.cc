// The reducer's methods as JavaScript calls them.
#include "reducer_handle.h"

#include <utility>
#include <vector>

#include "../convert.h"
#include "../errors.h"
#include "../tensor.h"
#include "process_group.h"

namespace lxmert {
namespace {

template <typename Number>
Napi::Array ToArray(Napi::Env env, const std::vector<Number>& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (size_t i = 0; i < values.size(); i++) {
    array.Set(static_cast<uint32_t>(i), Napi::Number::New(env, static_cast<double>(values[i])));
  }
  return array;
}

}  // namespace

Napi::Function ReducerHandle::Define(Napi::Env env) {
  return DefineClass(env, "GradientReducer",
                     {
                         InstanceMethod<&ReducerHandle::Prepare>("prepare"),
                         InstanceMethod<&ReducerHandle::Finish>("finish"),
                         InstanceMethod<&ReducerHandle::Times>("times"),
                         InstanceMethod<&ReducerHandle::Buckets>("buckets"),
                         InstanceMethod<&ReducerHandle::Dispose>("dispose"),
                         InstanceMethod<&ReducerHandle::Abandon>("abandon"),
                     });
}

ReducerHandle::ReducerHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ReducerHandle>(info) {
  Guard(info.Env(), "GradientReducer", [&] {
    auto group = CollectiveGroup::GroupOf(info[0]);
    const int rank = static_cast<int>(IntegerFrom(info[1], "rank"));
    std::vector<at::Tensor> buffers;
    const Napi::Array buffer_array = info[2].As<Napi::Array>();
    for (uint32_t i = 0; i < buffer_array.Length(); i++) {
      buffers.push_back(TensorHandle::TensorOf(buffer_array.Get(i), "buffers"));
    }
    const Napi::Array leaf_array = info[3].As<Napi::Array>();
    const std::vector<int64_t> numbers = IntegersFrom(info[4], "places");
    TORCH_CHECK(numbers.size() == 3 * static_cast<size_t>(leaf_array.Length()), "expected three numbers for each leaf");
    std::vector<LeafPlace> places;
    for (uint32_t i = 0; i < leaf_array.Length(); i++) {
      places.push_back({TensorHandle::TensorOf(leaf_array.Get(i), "leaves"), static_cast<size_t>(numbers[3 * i]),
                        numbers[3 * i + 1], numbers[3 * i + 2]});
    }
    auto host_group = CollectiveGroup::GroupOf(info[6]);
    reducer_ = std::make_shared<Reducer>(std::move(group), std::move(host_group), std::move(buffers), std::move(places),
                                         IntegerFrom(info[5], "bucketBytes"), rank);
    reducer_->Listen();
  });
}

Reducer& ReducerHandle::Alive(Napi::Env env) const {
  if (!reducer_) throw Napi::Error::New(env, "This GradientReducer was disposed before this use.");
  return *reducer_;
}

Napi::Value ReducerHandle::Prepare(const Napi::CallbackInfo& info) {
  Alive(info.Env()).Prepare();
  return info.Env().Undefined();
}

// finish(extras) -> their sums over all processes
Napi::Value ReducerHandle::Finish(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "finish", [&]() -> Napi::Value {
    const Napi::Array array = info[0].As<Napi::Array>();
    std::vector<double> extras;
    for (uint32_t i = 0; i < array.Length(); i++) {
      extras.push_back(Napi::Value(array.Get(i)).As<Napi::Number>().DoubleValue());
    }
    return ToArray(info.Env(), Alive(info.Env()).Finish(std::move(extras)));
  });
}

Napi::Value ReducerHandle::Times(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ReducerTimes times = Alive(env).times();
  Napi::Object result = Napi::Object::New(env);
  result.Set("launches", ToArray(env, times.launches));
  result.Set("completions", ToArray(env, times.completions));
  result.Set("bytes", ToArray(env, times.bytes));
  result.Set("backwardEnd", Napi::Number::New(env, times.backward_end));
  result.Set("waitsEnd", Napi::Number::New(env, times.waits_end));
  return result;
}

// buckets() -> the leaves of each, in the order of launch
Napi::Value ReducerHandle::Buckets(const Napi::CallbackInfo& info) {
  const std::vector<std::vector<int64_t>> buckets = Alive(info.Env()).BucketLeaves();
  Napi::Array result = Napi::Array::New(info.Env(), buckets.size());
  for (size_t i = 0; i < buckets.size(); i++) result.Set(static_cast<uint32_t>(i), ToArray(info.Env(), buckets[i]));
  return result;
}

void ReducerHandle::Dispose(const Napi::CallbackInfo& info) { reducer_.reset(); }

void ReducerHandle::Abandon(const Napi::CallbackInfo& info) {
  if (!reducer_) return;
  reducer_->Abandon();
  reducer_.reset();
}

}  // namespace lxmert
