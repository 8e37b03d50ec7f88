// The list of what the bridge gives to JavaScript. Context-aware: each environment has its own AddonData.
#include <napi.h>

#include "addon_data.h"
#include "allocator.h"
#include "autograd.h"
#include "background_gather.h"
#include "cuda/graph.h"
#include "dispatch.h"
#include "distributed/distributed.h"
#include "gpus.h"
#include "memory.h"
#include "operators/parameters.h"
#include "random.h"
#include "runtime.h"
#include "streams.h"
#include "tensor.h"

namespace {

using lxmert::AddonData;

// setTensorClass(class): results are made as instances of it; it must extend TensorHandle.
Napi::Value SetTensorClass(const Napi::CallbackInfo& info) {
  AddonData::Of(info.Env()).tensor_class = Napi::Persistent(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

Napi::Value LiveTensors(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(AddonData::Of(info.Env()).live_tensors));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  lxmert::TuneMalloc();
  lxmert::InstallCpuAllocator();
  env.SetInstanceData(new AddonData());
  exports.Set("TensorHandle", lxmert::TensorHandle::Define(env));
  exports.Set("DeviceEvent", lxmert::DeviceEvent::Define(env));
  exports.Set("BackgroundGather", lxmert::BackgroundGather::Define(env));
#ifdef LXMERT_WITH_CUDA_GRAPHS
  exports.Set("DeviceGraph", lxmert::CudaGraph::Define(env));
#endif
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("setTensorClass", SetTensorClass);
  add("liveTensors", LiveTensors);
  add("resolveOperator", lxmert::ResolveOperator);
  add("callOperator", lxmert::CallOperator);
  add("fromTypedArray", lxmert::FromTypedArray);
  add("mapFile", lxmert::MapFile);
  add("adviseMapped", lxmert::AdviseMapped);
  add("lostFile", lxmert::LostFile);
  add("backward", lxmert::Backward);
  add("gradients", lxmert::Gradients);
  add("setGradEnabled", lxmert::SetGradEnabled);
  add("setParameterBuffers", lxmert::SetParameterBuffers);
  add("manualSeed", lxmert::ManualSeed);
  add("randomState", lxmert::RandomState);
  add("setRandomState", lxmert::SetRandomState);
  add("runtimeInfo", lxmert::RuntimeInfo);
  add("gpus", lxmert::Gpus);
  add("releaseFreeMemory", lxmert::ReleaseFreeMemory);
  add("releaseLoadingPages", lxmert::ReleaseLoadingPagesOfProcess);
  add("allowTf32", lxmert::AllowTf32);
  add("numDevices", lxmert::NumDevices);
  add("setDevice", lxmert::SetDevice);
  add("newStream", lxmert::NewStream);
  add("currentStream", lxmert::CurrentStream);
  add("exchangeStream", lxmert::ExchangeStream);
  add("recordStream", lxmert::RecordStream);
  add("getNumThreads", lxmert::GetNumThreads);
  add("setNumThreads", lxmert::SetNumThreads);
  add("adaptThreads", lxmert::AdaptThreads);
  lxmert::DefineDistributed(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(lxmert_native, Init)
