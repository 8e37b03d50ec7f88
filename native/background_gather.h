// Rows of mapped files brought together in the background, while this thread does something else.
#pragma once

#include <ATen/ATen.h>
#include <napi.h>

#include <thread>
#include <vector>

namespace lxmert {

class BackgroundGather : public Napi::ObjectWrap<BackgroundGather> {
 public:
  static Napi::Function Define(Napi::Env env);
  // new BackgroundGather(output, sources, sourceOf, rowOf, numThreads): output[i] = sources[sourceOf[i]][rowOf[i]]
  explicit BackgroundGather(const Napi::CallbackInfo& info);
  ~BackgroundGather() override;

 private:
  // wait(): returns when all rows are there; until then `output` may not be read
  Napi::Value Wait(const Napi::CallbackInfo& info);
  void Copy(size_t first, size_t last);
  void Join();

  at::Tensor output_;
  std::vector<at::Tensor> sources_;
  std::vector<const char*> rows_;
  size_t row_bytes_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace lxmert
