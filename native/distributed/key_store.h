// The store of keys that all processes see: a TCP server in one of them and clients in all, or a file of one machine.
#pragma once

#include <napi.h>

#include "c10d.h"

namespace lxmert {

class KeyStore : public Napi::ObjectWrap<KeyStore> {
 public:
  static Napi::Function Define(Napi::Env env);
  // new KeyStore(host, port, isServer, timeoutMilliseconds, prefix, file): with a file, host and port count for nothing
  explicit KeyStore(const Napi::CallbackInfo& info);
  // The store behind a value of JavaScript.
  static StorePointer StoreOf(const Napi::Value& value);

 private:
  static StorePointer Open(const Napi::CallbackInfo& info);
  Napi::Value Set(const Napi::CallbackInfo& info);
  Napi::Value Get(const Napi::CallbackInfo& info);
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value Has(const Napi::CallbackInfo& info);
  void Dispose(const Napi::CallbackInfo& info);
  c10d::Store& Alive(Napi::Env env) const;

  StorePointer store_;
};

}  // namespace lxmert
