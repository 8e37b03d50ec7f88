// The handler of SIGBUS that puts zeros where a mapped file has lost its pages, and remembers which file it was.
#include "mapped_files.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

namespace lxmert {
namespace {

// What the signal handler may look at: a table without locks. A mapping beyond the last place is not watched.
struct Place {
  std::atomic<std::uintptr_t> base{0};
  std::atomic<std::size_t> length{0};
  std::atomic<bool> is_lost{false};
};
constexpr std::size_t kPlaces = 16384;
Place places[kPlaces];
std::atomic<std::size_t> num_used{0};
std::atomic<bool> any_lost{false};

// What the handler does not need.
std::mutex names_mutex;
std::map<std::size_t, std::string>& Names() {
  static auto* names = new std::map<std::size_t, std::string>();
  return *names;
}

std::uintptr_t page_size;
struct sigaction previous;

// Only calls that a signal handler may make. Everything from the page on is replaced: where one page of a file is gone
// the rest is not to be trusted either, and one signal is enough.
void OnLostPage(int number, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const std::size_t used = num_used.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < used; i++) {
    const std::uintptr_t base = places[i].base.load(std::memory_order_acquire);
    const std::size_t length = places[i].length.load(std::memory_order_acquire);
    if (base == 0 || address < base || address >= base + length) continue;
    const std::uintptr_t page = address / page_size * page_size;
    void* zeros = mmap(reinterpret_cast<void*>(page), base + length - page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED) break;
    places[i].is_lost.store(true, std::memory_order_release);
    any_lost.store(true, std::memory_order_release);
    return;
  }
  // Not ours: as if this handler had never been there.
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
    previous.sa_sigaction(number, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  } else {
    signal(number, SIG_DFL);  // the access is tried again, and now ends the process
  }
}

void InstallHandler() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = OnLostPage;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
  });
}

}  // namespace

void WatchMapping(void* base, std::size_t length, const std::string& path) {
  InstallHandler();
  const std::lock_guard<std::mutex> lock(names_mutex);
  const std::size_t used = num_used.load();
  std::size_t i = 0;
  while (i < used && places[i].base.load() != 0) i++;
  if (i == kPlaces) return;
  Names()[i] = path;
  places[i].is_lost.store(false);
  places[i].length.store(length);
  places[i].base.store(reinterpret_cast<std::uintptr_t>(base), std::memory_order_release);
  if (i == used) num_used.store(used + 1, std::memory_order_release);
}

void UnwatchMapping(void* base) {
  const std::lock_guard<std::mutex> lock(names_mutex);
  const std::size_t used = num_used.load();
  for (std::size_t i = 0; i < used; i++) {
    if (places[i].base.load() != reinterpret_cast<std::uintptr_t>(base)) continue;
    places[i].base.store(0, std::memory_order_release);
    places[i].length.store(0);
    // A loss that nobody asked about yet is still to be told: its name stays until the place is taken again.
    if (!places[i].is_lost.load()) Names().erase(i);
    return;
  }
}

std::string TakeLostFile() {
  if (!any_lost.exchange(false, std::memory_order_acq_rel)) return "";
  const std::lock_guard<std::mutex> lock(names_mutex);
  std::string lost;
  for (std::size_t i = 0; i < num_used.load(); i++) {
    if (places[i].is_lost.exchange(false)) lost = Names()[i];
  }
  return lost;
}

}  // namespace lxmert
