// What of process groups this libtorch has, and the address of this machine that the others reach it by.
#include "distributed.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

#include "../errors.h"
#ifdef LXMERT_WITH_C10D
#include "key_store.h"
#include "process_group.h"
#include "reducer_handle.h"
#endif

namespace lxmert {
namespace {

#ifdef LXMERT_WITH_C10D
constexpr bool kHasGloo = true;
#else
constexpr bool kHasGloo = false;
#endif
#ifdef LXMERT_WITH_NCCL
constexpr bool kHasNccl = true;
#else
constexpr bool kHasNccl = false;
#endif

Napi::Value DistributedSupport(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("gloo", Napi::Boolean::New(info.Env(), kHasGloo));
  result.Set("nccl", Napi::Boolean::New(info.Env(), kHasNccl));
  return result;
}

// The address of this machine that packets to `host` leave from. Asking the routing table sends nothing.
std::string LocalAddressTowards(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(host.c_str(), "9", &hints, &found);
  if (failure != 0) throw std::runtime_error(gai_strerror(failure));
  std::string address;
  for (addrinfo* each = found; each != nullptr && address.empty(); each = each->ai_next) {
    const int socket_number = socket(each->ai_family, each->ai_socktype, 0);
    if (socket_number < 0) continue;
    sockaddr_storage own{};
    socklen_t length = sizeof(own);
    char text[NI_MAXHOST];
    if (connect(socket_number, each->ai_addr, each->ai_addrlen) == 0 &&
        getsockname(socket_number, reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
        getnameinfo(reinterpret_cast<sockaddr*>(&own), length, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) == 0) {
      address = text;
    }
    close(socket_number);
  }
  freeaddrinfo(found);
  if (address.empty()) throw std::runtime_error("no route");
  return address;
}

// localAddress(host)
Napi::Value LocalAddress(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), "localAddress", [&]() -> Napi::Value {
    return Napi::String::New(info.Env(), LocalAddressTowards(info[0].ToString().Utf8Value()));
  });
}

}  // namespace

void DefineDistributed(Napi::Env env, Napi::Object exports) {
  exports.Set("distributedSupport", Napi::Function::New(env, DistributedSupport, "distributedSupport"));
  exports.Set("localAddress", Napi::Function::New(env, LocalAddress, "localAddress"));
#ifdef LXMERT_WITH_C10D
  exports.Set("KeyStore", KeyStore::Define(env));
  exports.Set("CollectiveGroup", CollectiveGroup::Define(env));
  exports.Set("GradientReducer", ReducerHandle::Define(env));
#endif
}

}  // namespace lxmert
