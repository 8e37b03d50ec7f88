// What only the loading of libraries needed of their files.
#pragma once

#include <cstddef>

namespace lxmert {

// Takes the pages of code and constants of every library out of this process's memory; those that are used again come
// back from the system's cache of files, one after the other. What loading alone needed stays out: the relocations,
// names of symbols and initialisers of libtorch and of the libraries that it brings along are 60 to 100 MB. Bytes taken
// out.
size_t ReleaseLoadingPages();

}  // namespace lxmert
