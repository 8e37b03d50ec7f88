// Memory for packed weights: side by side, so that it can come in large pages. A question reads all of it once, and
// each page of 4 KB would be looked up for so little.
#pragma once

#include <cstddef>
#include <memory>

namespace lxmert {

// So many bytes on a cache line, freed with the last pointer to them. Null when there is no memory.
std::shared_ptr<void> AllocateWeightMemory(size_t bytes);

// Begins to exchange the small pages of what was allocated for large ones, in a thread of its own: to find large pages
// takes the system up to a second where memory is in pieces, and nobody is to wait for it.
void SettleWeightMemory();

}  // namespace lxmert
