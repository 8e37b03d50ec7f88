// Which values dropout keeps: a function of the seed and the value's place alone, so that threads, instruction sets
// and the order of work change nothing.
#pragma once

#include <cstdint>

namespace lxmert::LXMERT_ISA {

// One group: sixteen Philox blocks of four words, each word read as two 16-bit numbers.
constexpr int64_t kGroupBlocks = 16;
constexpr int64_t kGroupValues = kGroupBlocks * 8;

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) of sixteen counters at once:
// counter (first_block + i, row's low and high half, 0), key `seed`. Values 16 k + i of the group are word k / 2 of
// block i, its lower half for even k.
static inline void RandomGroup(uint64_t seed, uint64_t row, uint32_t first_block, uint16_t* values) {
  uint32_t c0[kGroupBlocks], c1[kGroupBlocks], c2[kGroupBlocks], c3[kGroupBlocks];
  for (int64_t i = 0; i < kGroupBlocks; i++) {
    c0[i] = first_block + static_cast<uint32_t>(i);
    c1[i] = static_cast<uint32_t>(row);
    c2[i] = static_cast<uint32_t>(row >> 32);
    c3[i] = 0;
  }
  uint32_t key0 = static_cast<uint32_t>(seed);
  uint32_t key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; round++) {
    for (int64_t i = 0; i < kGroupBlocks; i++) {
      const uint64_t product0 = static_cast<uint64_t>(c0[i]) * 0xD2511F53u;
      const uint64_t product1 = static_cast<uint64_t>(c2[i]) * 0xCD9E8D57u;
      c0[i] = static_cast<uint32_t>(product1 >> 32) ^ c1[i] ^ key0;
      c2[i] = static_cast<uint32_t>(product0 >> 32) ^ c3[i] ^ key1;
      c1[i] = static_cast<uint32_t>(product1);
      c3[i] = static_cast<uint32_t>(product0);
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  const uint32_t* words[] = {c0, c1, c2, c3};
  for (int64_t k = 0; k < 8; k++) {
    for (int64_t i = 0; i < kGroupBlocks; i++) {
      values[k * kGroupBlocks + i] = static_cast<uint16_t>(words[k / 2][i] >> (k % 2 * 16));
    }
  }
}

// keep[0 .. count): 1 where a value stays, 0 with probability dropped_of_65536 / 65536.
static inline void KeepRow(uint64_t seed, uint64_t row, uint32_t dropped_of_65536, int64_t count, uint8_t* keep) {
  uint16_t values[kGroupValues];
  for (int64_t start = 0; start < count; start += kGroupValues) {
    RandomGroup(seed, row, static_cast<uint32_t>(start / 8), values);
    const int64_t end = count - start < kGroupValues ? count - start : kGroupValues;
    for (int64_t i = 0; i < end; i++) keep[start + i] = values[i] >= dropped_of_65536 ? 1 : 0;
  }
}

}  // namespace lxmert::LXMERT_ISA
