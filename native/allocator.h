// Where tensors on the CPU get their memory from.
#pragma once

namespace lxmert {

// Makes libtorch allocate through this file. Called once, when the addon is loaded, before any tensor is made.
void InstallCpuAllocator();

}  // namespace lxmert
