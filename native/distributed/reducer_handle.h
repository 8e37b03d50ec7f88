// The handle that JavaScript holds for a Reducer.
#pragma once

#include <napi.h>

#include <memory>

#include "reducer.h"

namespace lxmert {

class ReducerHandle : public Napi::ObjectWrap<ReducerHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  // new GradientReducer(group, rank, buffers, leaves, places, bucketBytes); `places` has three numbers for each leaf:
  // the buffer it is in, where it begins there, and its length.
  explicit ReducerHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value Prepare(const Napi::CallbackInfo& info);
  Napi::Value Finish(const Napi::CallbackInfo& info);
  Napi::Value Times(const Napi::CallbackInfo& info);
  Napi::Value Buckets(const Napi::CallbackInfo& info);
  void Dispose(const Napi::CallbackInfo& info);
  void Abandon(const Napi::CallbackInfo& info);
  Reducer& Alive(Napi::Env env) const;

  std::shared_ptr<Reducer> reducer_;
};

}  // namespace lxmert
