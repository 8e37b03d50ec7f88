// What belongs to one JavaScript environment (the main thread or one worker). Nothing here is process-wide.
#pragma once

#include <ATen/ATen.h>
#include <napi.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace lxmert {

// References to JavaScript memory that tensors were made over. A tensor may end on any thread, a reference may
// only be deleted on its environment's own: so the references wait here until that thread comes by.
class ReleaseQueue {
 public:
  void Push(napi_ref reference) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!closed_) references_.push_back(reference);
  }
  void Drain(napi_env env) {
    std::vector<napi_ref> references;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      references.swap(references_);
    }
    for (napi_ref reference : references) napi_delete_reference(env, reference);
  }
  // After the environment's end its references are gone with it.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    references_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<napi_ref> references_;
  bool closed_ = false;
};

struct AddonData {
  Napi::FunctionReference tensor_class;  // the TypeScript class that results are made of
  at::Tensor pending;                    // what the next constructed handle takes over
  int64_t live_tensors = 0;
  std::shared_ptr<ReleaseQueue> releases = std::make_shared<ReleaseQueue>();

  ~AddonData() { releases->Close(); }
  static AddonData& Of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }
};

}  // namespace lxmert
