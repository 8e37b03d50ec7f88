// Collective operations that are started, numbered, and waited for by their number.
#include "process_group.h"

#include <string>
#include <utility>

#include "../convert.h"
#include "../errors.h"
#include "../tensor.h"
#include "key_store.h"

namespace lxmert {
namespace {

constexpr napi_type_tag kGroupTag = {0x6c786d6572743a63ULL, 0x67726f7570000001ULL};

at::Tensor ContiguousFrom(const Napi::Value& value, const char* role) {
  const at::Tensor& tensor = TensorHandle::TensorOf(value, role);
  TORCH_CHECK(tensor.is_contiguous(), "the tensor given for ", role, " must be contiguous");
  return tensor;
}

}  // namespace

Napi::Function CollectiveGroup::Define(Napi::Env env) {
  return DefineClass(env, "CollectiveGroup",
                     {
                         InstanceMethod<&CollectiveGroup::AllReduce>("allReduce"),
                         InstanceMethod<&CollectiveGroup::Broadcast>("broadcast"),
                         InstanceMethod<&CollectiveGroup::AllGather>("allGather"),
                         InstanceMethod<&CollectiveGroup::Wait>("wait"),
                         InstanceMethod<&CollectiveGroup::Dispose>("dispose"),
                         InstanceMethod<&CollectiveGroup::Abandon>("abandon"),
                     });
}

CollectiveGroup::CollectiveGroup(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CollectiveGroup>(info) {
  Guard(info.Env(), "CollectiveGroup", [&] {
    const std::string backend = info[0].ToString().Utf8Value();
    const StorePointer store = KeyStore::StoreOf(info[1]);
    const int rank = static_cast<int>(IntegerFrom(info[2], "rank"));
    const int world_size = static_cast<int>(IntegerFrom(info[3], "worldSize"));
    const std::chrono::milliseconds timeout(IntegerFrom(info[5], "timeoutMilliseconds"));
    if (backend == "gloo") {
      group_ = MakeGloo(store, rank, world_size, info[4].ToString().Utf8Value(), timeout);
#ifdef LXMERT_WITH_NCCL
    } else if (backend == "nccl") {
      group_ = MakeNccl(store, rank, world_size, timeout);
#endif
    } else {
      TORCH_CHECK(false, "this build has no backend '", backend, "'");
    }
  });
  info.This().As<Napi::Object>().TypeTag(&kGroupTag);
}

c10::intrusive_ptr<Collectives> CollectiveGroup::GroupOf(const Napi::Value& value) {
  TORCH_CHECK(value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&kGroupTag),
              "expected a CollectiveGroup but received ", DescribeValue(value));
  const CollectiveGroup* handle = Napi::ObjectWrap<CollectiveGroup>::Unwrap(value.As<Napi::Object>());
  TORCH_CHECK(handle->group_, "the CollectiveGroup was disposed before this use");
  return handle->group_;
}

Collectives& CollectiveGroup::Alive(Napi::Env env) const {
  if (!group_) throw Napi::Error::New(env, "This CollectiveGroup was disposed before this use.");
  return *group_;
}

Napi::Value CollectiveGroup::Start(Napi::Env env, RunningWork work) {
  running_.emplace(++num_started_, std::move(work));
  return Napi::Number::New(env, static_cast<double>(num_started_));
}

Napi::Value CollectiveGroup::AllReduce(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "allReduce", [&] {
    std::vector<at::Tensor> tensors = {ContiguousFrom(info[0], "tensor")};
    const WorkPointer work = Alive(info.Env()).allreduce(tensors);
    return Start(info.Env(), {work, tensors});
  });
}

// broadcast(tensor, root)
Napi::Value CollectiveGroup::Broadcast(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "broadcast", [&] {
    std::vector<at::Tensor> tensors = {ContiguousFrom(info[0], "tensor")};
    c10d::BroadcastOptions options;
    options.rootRank = IntegerFrom(info[1], "root");
    const WorkPointer work = Alive(info.Env()).broadcast(tensors, options);
    return Start(info.Env(), {work, tensors});
  });
}

// allGather(outputs, input): one output for each rank, of the input's shape
Napi::Value CollectiveGroup::AllGather(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "allGather", [&] {
    const Napi::Array array = info[0].As<Napi::Array>();
    std::vector<std::vector<at::Tensor>> outputs(1);
    for (uint32_t i = 0; i < array.Length(); i++) outputs[0].push_back(ContiguousFrom(array.Get(i), "outputs"));
    std::vector<at::Tensor> inputs = {ContiguousFrom(info[1], "input")};
    const WorkPointer work = Alive(info.Env()).allgather(outputs, inputs);
    outputs[0].push_back(inputs[0]);
    return Start(info.Env(), {work, outputs[0]});
  });
}

// wait(number, timeoutMilliseconds): blocks this thread; 0 waits as long as the group's own timeout lets it
Napi::Value CollectiveGroup::Wait(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "wait", [&] {
    const auto found = running_.find(IntegerFrom(info[0], "number"));
    TORCH_CHECK(found != running_.end(), "this work was waited for already");
    const RunningWork running = found->second;
    const std::chrono::milliseconds timeout(IntegerFrom(info[1], "timeoutMilliseconds"));
    // After a failure libtorch may still hold the tensors: they stay in the table until the group's end.
    running.work->wait(timeout);
    running_.erase(running_.find(IntegerFrom(info[0], "number")));
    return info.Env().Undefined();
  });
}

// Waits for what is running.
void CollectiveGroup::Dispose(const Napi::CallbackInfo& info) {
  group_.reset();
  running_.clear();
}

// The end without waiting, after a failure: what still runs would keep the process until its timeout.
void CollectiveGroup::Abandon(const Napi::CallbackInfo& info) { Forget(); }

void CollectiveGroup::Finalize(Napi::Env env) { Forget(); }

void CollectiveGroup::Forget() {
  if (!group_) return;
  // Never freed, on purpose.
  new c10::intrusive_ptr<Collectives>(std::move(group_));
  new std::unordered_map<int64_t, RunningWork>(std::move(running_));
  group_.reset();
  running_.clear();
}

}  // namespace lxmert
