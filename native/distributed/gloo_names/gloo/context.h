// Gloo's context, which c10d's header holds pointers to; its inline functions, which the bridge does not call, name
// this one. See rendezvous/store.h.
#pragma once

#include <chrono>

namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo
