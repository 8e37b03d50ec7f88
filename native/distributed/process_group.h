// Operations that all processes take part in.
#pragma once

#include <napi.h>

#include <unordered_map>
#include <vector>

#include "c10d.h"

namespace lxmert {

// What an operation needs until it is done.
struct RunningWork {
  WorkPointer work;
  std::vector<at::Tensor> tensors;
};

class CollectiveGroup : public Napi::ObjectWrap<CollectiveGroup> {
 public:
  static Napi::Function Define(Napi::Env env);
  // new CollectiveGroup(backend, store, rank, worldSize, address, timeoutMilliseconds); waits for the others.
  explicit CollectiveGroup(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override;
  // The group behind a value of JavaScript.
  static c10::intrusive_ptr<Collectives> GroupOf(const Napi::Value& value);

 private:
  Napi::Value AllReduce(const Napi::CallbackInfo& info);
  Napi::Value Broadcast(const Napi::CallbackInfo& info);
  Napi::Value AllGather(const Napi::CallbackInfo& info);
  Napi::Value Wait(const Napi::CallbackInfo& info);
  void Dispose(const Napi::CallbackInfo& info);
  void Abandon(const Napi::CallbackInfo& info);
  Napi::Value Start(Napi::Env env, RunningWork work);
  Collectives& Alive(Napi::Env env) const;
  void Forget();

  c10::intrusive_ptr<Collectives> group_;
  // By the number that JavaScript holds for it: a number has no lifetime that could end at a bad moment.
  std::unordered_map<int64_t, RunningWork> running_;
  int64_t num_started_ = 0;
};

}  // namespace lxmert
