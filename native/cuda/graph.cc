#include "graph.h"

#ifdef LXMERT_WITH_CUDA_GRAPHS

#include <ATen/Context.h>

#include "../errors.h"

namespace lxmert {
namespace {

// All graphs of a process take their memory from one pool: they run one after the other.
at::cuda::MempoolId_t SharedPool() {
  static const at::cuda::MempoolId_t pool = at::cuda::graph_pool_handle();
  return pool;
}

}  // namespace

Napi::Function CudaGraph::Define(Napi::Env env) {
  return DefineClass(env, "DeviceGraph",
                     {
                         InstanceMethod<&CudaGraph::Begin>("begin"),
                         InstanceMethod<&CudaGraph::End>("end"),
                         InstanceMethod<&CudaGraph::Replay>("replay"),
                         InstanceMethod<&CudaGraph::Reset>("reset"),
                     });
}

CudaGraph::CudaGraph(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CudaGraph>(info) {
  Guard(info.Env(), "DeviceGraph", [&] {
    // Where there is no card libtorch would end the process, not throw.
    TORCH_CHECK(at::hasCUDA() && at::detail::getCUDAHooks().getNumGPUs() > 0, "there is no card");
    graph_ = std::make_unique<at::cuda::CUDAGraph>();
  });
}

Napi::Value CudaGraph::Begin(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "begin", [&] {
    // Other threads, such as one that copies the next batch, may go on calling CUDA meanwhile.
    graph_->capture_begin(SharedPool(), cudaStreamCaptureModeThreadLocal);
    return info.Env().Undefined();
  });
}

Napi::Value CudaGraph::End(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "end", [&] {
    graph_->capture_end();
    return info.Env().Undefined();
  });
}

Napi::Value CudaGraph::Replay(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "replay", [&] {
    graph_->replay();
    return info.Env().Undefined();
  });
}

Napi::Value CudaGraph::Reset(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "reset", [&] {
    graph_->reset();
    return info.Env().Undefined();
  });
}

}  // namespace lxmert

#endif
