// Mappings of files that may be cut short, or become unreadable, while they are mapped.
#pragma once

#include <cstddef>
#include <string>

namespace lxmert {

// Watches a mapping from now on: a page that the system cannot bring (the file was cut short, its disk or network drive
// is gone) reads as zeros and is remembered, where otherwise the signal SIGBUS would end the process without a word.
void WatchMapping(void* base, std::size_t length, const std::string& path);
void UnwatchMapping(void* base);

// The file of a mapping that lost a page since the last call, or "" when none did.
std::string TakeLostFile();

}  // namespace lxmert
