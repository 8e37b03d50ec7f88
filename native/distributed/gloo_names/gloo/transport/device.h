// Names that c10d's header holds pointers to. See rendezvous/store.h.
#pragma once

namespace gloo {
namespace transport {
class Device;
class UnboundBuffer;
}  // namespace transport
}  // namespace gloo
