// A recorded sequence of kernels that is started as one: built where the headers of CUDA are.
#pragma once

#ifdef LXMERT_WITH_CUDA_GRAPHS

#include <ATen/cuda/CUDAGraph.h>
#include <napi.h>

#include <memory>

namespace lxmert {

class CudaGraph : public Napi::ObjectWrap<CudaGraph> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit CudaGraph(const Napi::CallbackInfo& info);
  ~CudaGraph() override;

 private:
  // begin(): from now on this thread's stream, which must not be the default one, records instead of running
  Napi::Value Begin(const Napi::CallbackInfo& info);
  Napi::Value End(const Napi::CallbackInfo& info);
  // replay(): puts the recorded kernels into this thread's stream
  Napi::Value Replay(const Napi::CallbackInfo& info);
  Napi::Value Reset(const Napi::CallbackInfo& info);

  void Release();

  std::unique_ptr<at::cuda::CUDAGraph> graph_;
  bool is_counted_ = false;
};

}  // namespace lxmert

#endif
