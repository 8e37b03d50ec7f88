// The name of Gloo's context, which c10d's header holds pointers to. See rendezvous/store.h.
#pragma once

namespace gloo {
class Context;
}  // namespace gloo
