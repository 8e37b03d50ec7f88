// Recording and replay of CUDA graphs that share one pool of memory.
#include "graph.h"

#ifdef LXMERT_WITH_CUDA_GRAPHS

#include <ATen/Context.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>

#include <mutex>

#include "../errors.h"

namespace lxmert {
namespace {

std::mutex pool_mutex;
int num_graphs = 0;
at::cuda::MempoolId_t pool_id;

// All graphs of a process take their memory from one pool: they run one after the other. A pool ends with its last
// graph, and its number must not be used again.
at::cuda::MempoolId_t JoinPool() {
  const std::lock_guard<std::mutex> lock(pool_mutex);
  if (num_graphs++ == 0) pool_id = at::cuda::graph_pool_handle();
  return pool_id;
}

void LeavePool() {
  const std::lock_guard<std::mutex> lock(pool_mutex);
  num_graphs--;
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
    // Where there is no GPU libtorch would end the process, not throw.
    TORCH_CHECK(at::hasCUDA() && at::detail::getCUDAHooks().getNumGPUs() > 0, "there is no GPU");
    graph_ = std::make_unique<at::cuda::CUDAGraph>();
  });
}

CudaGraph::~CudaGraph() {
  graph_.reset();
  Release();
}

void CudaGraph::Release() {
  if (is_counted_) LeavePool();
  is_counted_ = false;
}

Napi::Value CudaGraph::Begin(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "begin", [&] {
    // A recording cannot use memory that the allocator keeps for ordinary work, and cannot ask it back.
    c10::cuda::device_synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();
    const at::cuda::MempoolId_t pool = JoinPool();
    is_counted_ = true;
    // Other threads, such as one that copies the next batch, may go on calling CUDA meanwhile.
    graph_->capture_begin(pool, cudaStreamCaptureModeThreadLocal);
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
    Release();
    return info.Env().Undefined();
  });
}

}  // namespace lxmert

#endif
