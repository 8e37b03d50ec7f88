// The pages of libraries that are as they lie in their files, found by /proc/self/pagemap and let go.
#include "loading_pages.h"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

namespace lxmert {
namespace {

// Of an entry of pagemap (Documentation/admin-guide/mm/pagemap.rst).
constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kOfFile = uint64_t{1} << 61;

struct Releasing {
  int pagemap;
  uintptr_t page;
  size_t released;
};

// Pages [first, last) of a segment that nobody may write to. What differs from the file all the same is in a page of
// this process's own, such as a relocated address or a debugger's breakpoint: those stay.
void ReleaseFilePages(uintptr_t first, uintptr_t last, Releasing& releasing) {
  std::vector<uint64_t> entries(last - first);
  const auto bytes = static_cast<ssize_t>(entries.size() * sizeof(uint64_t));
  if (pread(releasing.pagemap, entries.data(), static_cast<size_t>(bytes),
            static_cast<off_t>(first * sizeof(uint64_t))) != bytes) {
    return;
  }
  const auto is_of_file = [&](size_t i) { return (entries[i] & kPresent) != 0 && (entries[i] & kOfFile) != 0; };
  for (size_t i = 0; i < entries.size(); i++) {
    const size_t begin = i;
    while (i < entries.size() && is_of_file(i)) i++;
    const size_t length = (i - begin) * releasing.page;
    if (length == 0) continue;
    if (madvise(reinterpret_cast<void*>((first + begin) * releasing.page), length, MADV_DONTNEED) == 0) {
      releasing.released += length;
    }
  }
}

// No library is unloaded while this is called.
int ReleaseOfLibrary(dl_phdr_info* info, size_t, void* argument) {
  auto& releasing = *static_cast<Releasing*>(argument);
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t address = info->dlpi_addr + segment.p_vaddr;
    const uintptr_t first = address / releasing.page, last = (address + segment.p_memsz) / releasing.page;
    if (first < last) ReleaseFilePages(first, last, releasing);
  }
  return 0;
}

}  // namespace

size_t ReleaseLoadingPages() {
  Releasing releasing{open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)),
                      0};
  // Where the system does not show them, they stay.
  if (releasing.pagemap < 0) return 0;
  dl_iterate_phdr(ReleaseOfLibrary, &releasing);
  close(releasing.pagemap);
  return releasing.released;
}

}  // namespace lxmert
