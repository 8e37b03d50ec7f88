// The key store's methods over c10d's stores.
#include "key_store.h"

#include <string>
#include <vector>

#include "../convert.h"
#include "../errors.h"

namespace lxmert {
namespace {

constexpr napi_type_tag kKeyStoreTag = {0x6c786d6572743a6bULL, 0x657973746f000001ULL};

}  // namespace

Napi::Function KeyStore::Define(Napi::Env env) {
  return DefineClass(env, "KeyStore",
                     {
                         InstanceMethod<&KeyStore::Set>("set"),
                         InstanceMethod<&KeyStore::Get>("get"),
                         InstanceMethod<&KeyStore::Add>("add"),
                         InstanceMethod<&KeyStore::Has>("has"),
                         InstanceMethod<&KeyStore::Dispose>("dispose"),
                     });
}

StorePointer KeyStore::Open(const Napi::CallbackInfo& info) {
  const std::chrono::milliseconds timeout(IntegerFrom(info[3], "timeoutMilliseconds"));
  if (info[5].IsString()) {
    // Whoever started the processes removes the file: there is no number of processes after which the store may.
    auto store = c10::make_intrusive<c10d::FileStore>(info[5].ToString().Utf8Value(), -1);
    store->setTimeout(timeout);
    return store;
  }
  c10d::TCPStoreOptions options;
  const int64_t port = IntegerFrom(info[1], "port");
  TORCH_CHECK(port >= 0 && port < 65536, "expected a port from 0 to 65535 but received ", port);
  options.port = static_cast<std::uint16_t>(port);
  options.isServer = info[2].ToBoolean().Value();
  // Who is there is asked with keys, so that the answer can name who is not.
  options.waitWorkers = false;
  options.timeout = timeout;
  return c10::make_intrusive<c10d::TCPStore>(info[0].ToString().Utf8Value(), options);
}

KeyStore::KeyStore(const Napi::CallbackInfo& info) : Napi::ObjectWrap<KeyStore>(info) {
  Guard(info.Env(), "KeyStore",
        [&] { store_ = c10::make_intrusive<c10d::PrefixStore>(info[4].ToString().Utf8Value(), Open(info)); });
  info.This().As<Napi::Object>().TypeTag(&kKeyStoreTag);
}

StorePointer KeyStore::StoreOf(const Napi::Value& value) {
  TORCH_CHECK(value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&kKeyStoreTag),
              "expected a KeyStore but received ", DescribeValue(value));
  const KeyStore* handle = Napi::ObjectWrap<KeyStore>::Unwrap(value.As<Napi::Object>());
  TORCH_CHECK(handle->store_, "the KeyStore was disposed before this use");
  return handle->store_;
}

c10d::Store& KeyStore::Alive(Napi::Env env) const {
  if (!store_) throw Napi::Error::New(env, "This KeyStore was disposed before this use.");
  return *store_;
}

Napi::Value KeyStore::Set(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "set", [&] {
    const std::string value = info[1].ToString().Utf8Value();
    Alive(info.Env()).set(info[0].ToString().Utf8Value(), std::vector<uint8_t>(value.begin(), value.end()));
    return info.Env().Undefined();
  });
}

Napi::Value KeyStore::Get(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "get", [&]() -> Napi::Value {
    const std::vector<uint8_t> value = Alive(info.Env()).get(info[0].ToString().Utf8Value());
    return Napi::String::New(info.Env(), std::string(value.begin(), value.end()));
  });
}

Napi::Value KeyStore::Add(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "add", [&]() -> Napi::Value {
    const int64_t sum = Alive(info.Env()).add(info[0].ToString().Utf8Value(), IntegerFrom(info[1], "amount"));
    return Napi::Number::New(info.Env(), static_cast<double>(sum));
  });
}

Napi::Value KeyStore::Has(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "has", [&]() -> Napi::Value {
    return Napi::Boolean::New(info.Env(), Alive(info.Env()).check({info[0].ToString().Utf8Value()}));
  });
}

void KeyStore::Dispose(const Napi::CallbackInfo& info) { store_.reset(); }

}  // namespace lxmert
