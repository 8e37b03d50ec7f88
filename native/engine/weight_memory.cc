// Blocks of address space that begin on a large page; weights are laid into them one after the other.
#include "weight_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "background_thread.h"

namespace lxmert {
namespace {

constexpr size_t kLargePage = size_t{1} << 21;
// What is not written to takes no memory.
constexpr size_t kBlock = size_t{1} << 26;
constexpr int kCollapse = 25;  // MADV_COLLAPSE, which older headers lack

// Given back to the system when no weight lies in it any more.
class Block {
 public:
  static std::shared_ptr<Block> Make(size_t bytes) {
    const size_t size = (bytes + kLargePage - 1) / kLargePage * kLargePage + kLargePage;
    void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    return std::shared_ptr<Block>(new Block(static_cast<char*>(mapped), size));
  }

  ~Block() { munmap(mapped_, size_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // Where the system has no large pages, or does not know the request (before Linux 6.1), small ones do.
  void Settle() const {
    for (char* page = first_; page + kLargePage <= next_; page += kLargePage) {
      madvise(page, kLargePage, kCollapse);
    }
  }

  // Null when there is no room.
  void* Take(size_t bytes) {
    if (next_ + bytes > mapped_ + size_) return nullptr;
    void* taken = next_;
    next_ += bytes;
    return taken;
  }

 private:
  Block(char* mapped, size_t size) : mapped_(mapped), size_(size) {
    const auto address = reinterpret_cast<uintptr_t>(mapped);
    next_ = mapped + ((address + kLargePage - 1) / kLargePage * kLargePage - address);
    first_ = next_;
  }

  char* mapped_;
  size_t size_;
  char* first_;
  char* next_;
};

// Blocks live as long as a weight in them: a model that ends takes its memory along. Never destroyed: the thread below
// may outlive what a process destroys at its end.
struct Blocks {
  std::mutex mutex;
  std::weak_ptr<Block> current;                 // that is being filled
  std::vector<std::weak_ptr<Block>> unsettled;  // filled since SettleWeightMemory
};

Blocks& AllBlocks() {
  static Blocks* blocks = new Blocks;
  return *blocks;
}

}  // namespace

std::shared_ptr<void> AllocateWeightMemory(size_t bytes) {
  Blocks& blocks = AllBlocks();
  bytes = (std::max<size_t>(bytes, 1) + 63) / 64 * 64;
  const std::lock_guard<std::mutex> lock(blocks.mutex);
  std::shared_ptr<Block> block = blocks.current.lock();
  void* taken = block == nullptr ? nullptr : block->Take(bytes);
  if (taken == nullptr) {
    block = Block::Make(std::max(bytes, kBlock));
    if (block == nullptr) return nullptr;
    taken = block->Take(bytes);
    blocks.current = block;
    blocks.unsettled.push_back(block);
  }
  return {block, taken};
}

void SettleWeightMemory() {
  std::vector<std::shared_ptr<Block>> blocks;
  {
    Blocks& all = AllBlocks();
    const std::lock_guard<std::mutex> lock(all.mutex);
    for (const std::weak_ptr<Block>& block : all.unsettled) {
      if (std::shared_ptr<Block> alive = block.lock()) blocks.push_back(std::move(alive));
    }
    all.unsettled.clear();
    all.current.reset();  // what comes later is settled with what comes with it
  }
  if (blocks.empty()) return;
  // Where no further thread is allowed small pages it is.
  StartBackgroundThread("lxmert-pages", [blocks = std::move(blocks)] {
    for (const std::shared_ptr<Block>& block : blocks) block->Settle();
  });
}

}  // namespace lxmert
