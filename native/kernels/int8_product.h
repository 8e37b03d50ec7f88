// Rows of unsigned bytes by a weight of signed bytes in panels, sums in 32 bits: exact on every instruction set.
//
// With VNNI four products are added to a 32-bit sum at once. AVX2 without it adds two products in 16 bits (vpmaddubsw,
// which would cut off a sum beyond 32767), two such sums in 16 bits, and only then widens them: five instructions for
// 64 products where 16-bit factors would take eight. So that nothing is cut off, rows are rounded to 7 bits there, 0 to
// 127: two products are at most 2 * 127 * 127 = 32258. Four weights whose positive or negative ones add up to more than
// 258 = 32767 / 127 would exceed 16 bits; they are halved, and a further step of the panel holds the other halves. Of
// weights drawn from a normal distribution 1 to 3 % of the steps come twice.
#pragma once

#include <cstring>
#include <utility>

#include "int8_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace lxmert::LXMERT_ISA {

#define LXMERT_INLINE inline __attribute__((always_inline))

static LXMERT_INLINE int32_t FourBytes(const uint8_t* from) {
  int32_t bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  return bytes;
}

#if defined(__AVX512VNNI__)

constexpr int32_t kLevels = 255;
constexpr int64_t kPanelColumns = 32;
constexpr int64_t kStepDepth = 4;
constexpr int64_t kTileRows = 12;  // of 32 registers 27
constexpr bool kHasMore = false;
using Sums = __m512i;

static LXMERT_INLINE Sums ZeroSums() { return _mm512_setzero_si512(); }
static LXMERT_INLINE void StoreSums(int32_t* to, Sums sums) { _mm512_storeu_si512(to, sums); }

template <int64_t kRows>
static LXMERT_INLINE void AddStep(Sums (&sums)[kRows][2], const uint8_t* x, int64_t x_stride, const int8_t* weight) {
  const __m512i first = _mm512_loadu_si512(weight), second = _mm512_loadu_si512(weight + 64);
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; i++) {
    const __m512i row = _mm512_set1_epi32(FourBytes(x + i * x_stride));
    sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], row, first);
    sums[i][1] = _mm512_dpbusd_epi32(sums[i][1], row, second);
  }
}

#elif defined(__AVX2__)

constexpr int64_t kPanelColumns = 16;
using Sums = __m256i;

static LXMERT_INLINE Sums ZeroSums() { return _mm256_setzero_si256(); }
static LXMERT_INLINE void StoreSums(int32_t* to, Sums sums) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sums);
}
static LXMERT_INLINE __m256i Load(const int8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

#if defined(__AVXVNNI__)

constexpr int32_t kLevels = 255;
constexpr int64_t kStepDepth = 4;
constexpr int64_t kTileRows = 6;  // of 16 registers 15
constexpr bool kHasMore = false;

template <int64_t kRows>
static LXMERT_INLINE void AddStep(Sums (&sums)[kRows][2], const uint8_t* x, int64_t x_stride, const int8_t* weight) {
  const __m256i first = Load(weight), second = Load(weight + 32);
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; i++) {
    const __m256i row = _mm256_set1_epi32(FourBytes(x + i * x_stride));
    sums[i][0] = _mm256_dpbusd_avx_epi32(sums[i][0], row, first);
    sums[i][1] = _mm256_dpbusd_avx_epi32(sums[i][1], row, second);
  }
}

#else

constexpr int32_t kLevels = 127;
constexpr int64_t kStepDepth = 8;
constexpr int64_t kTileRows = 3;  // of 16 registers 14
constexpr bool kHasMore = true;

// Of each column the products of the first four bytes of a row and of the next four.
static LXMERT_INLINE Sums Add(Sums sums, __m256i left, __m256i right, __m256i first, __m256i second) {
  const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(left, first), _mm256_maddubs_epi16(right, second));
  return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

template <int64_t kRows>
static LXMERT_INLINE void AddStep(Sums (&sums)[kRows][2], const uint8_t* x, int64_t x_stride, const int8_t* weight) {
  const __m256i a = Load(weight), b = Load(weight + 32), c = Load(weight + 64), d = Load(weight + 96);
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; i++) {
    const __m256i left = _mm256_set1_epi32(FourBytes(x + i * x_stride));
    const __m256i right = _mm256_set1_epi32(FourBytes(x + i * x_stride + 4));
    sums[i][0] = Add(sums[i][0], left, right, a, c);
    sums[i][1] = Add(sums[i][1], left, right, b, d);
  }
}

#endif

#else

// Any processor: a product of two bytes is exact in 16 bits, 255 * 127 = 32385.
constexpr int32_t kLevels = 255;
constexpr int64_t kPanelColumns = 16;
constexpr int64_t kStepDepth = 1;
constexpr int64_t kTileRows = 2;
constexpr bool kHasMore = false;
typedef int32_t FourSums __attribute__((vector_size(16)));
typedef int16_t EightShorts __attribute__((vector_size(16)));
typedef int8_t SixteenBytes __attribute__((vector_size(16)));
struct Sums {
  FourSums parts[2];
};

// Widened by putting zeros below and shifting down: compilers know these shuffles, on little-endian processors as every
// one is.
static LXMERT_INLINE void Widen(SixteenBytes bytes, EightShorts (&wide)[2]) {
  typedef int8_t Places __attribute__((vector_size(16)));
  const SixteenBytes zeros{};
  const Places lower{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
  wide[0] = reinterpret_cast<EightShorts>(__builtin_shuffle(zeros, bytes, lower)) >> 8;
  wide[1] = reinterpret_cast<EightShorts>(__builtin_shuffle(zeros, bytes, static_cast<Places>(lower + 8))) >> 8;
}

static LXMERT_INLINE void AddWidened(Sums& sums, EightShorts shorts) {
  typedef int16_t Places __attribute__((vector_size(16)));
  const EightShorts zeros{};
  const Places lower{0, 8, 1, 9, 2, 10, 3, 11};
  sums.parts[0] += reinterpret_cast<FourSums>(__builtin_shuffle(zeros, shorts, lower)) >> 16;
  sums.parts[1] += reinterpret_cast<FourSums>(__builtin_shuffle(zeros, shorts, static_cast<Places>(lower + 4))) >> 16;
}

static LXMERT_INLINE Sums ZeroSums() { return Sums{}; }
static LXMERT_INLINE void StoreSums(int32_t* to, Sums sums) { std::memcpy(to, &sums, sizeof(sums)); }

template <int64_t kRows>
static LXMERT_INLINE void AddStep(Sums (&sums)[kRows][2], const uint8_t* x, int64_t x_stride, const int8_t* weight) {
  SixteenBytes bytes;
  std::memcpy(&bytes, weight, sizeof(bytes));
  EightShorts wide[2];
  Widen(bytes, wide);
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; i++) {
    const int16_t value = x[i * x_stride];
    AddWidened(sums[i][0], wide[0] * value);
    AddWidened(sums[i][1], wide[1] * value);
  }
}

#endif

constexpr int64_t kStepBytes = kPanelColumns * kStepDepth;
constexpr int64_t kLinesOfStep = (kStepBytes + 63) / 64;

static LXMERT_INLINE int64_t NumSteps(int64_t depth) { return (depth + kStepDepth - 1) / kStepDepth; }

template <int64_t kRows>
static LXMERT_INLINE void SumTile(const Int8Panels& weight, int64_t panel, const Int8Tile& tile, int32_t* sums) {
  const int64_t num_steps = NumSteps(weight.depth);
  const int8_t* values = weight.values + panel * num_steps * kStepBytes;
  Sums totals[kRows][2];
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; i++) totals[i][0] = totals[i][1] = ZeroSums();
  if (tile.next != nullptr) {
    for (int64_t k = 0; k < num_steps; k++) {
      for (int64_t line = 0; line < kLinesOfStep; line++) {
        __builtin_prefetch(tile.next + k * kStepBytes + 64 * line, 0, 2);
      }
      AddStep<kRows>(totals, tile.x + k * kStepDepth, tile.x_stride, values + k * kStepBytes);
    }
  } else {
    for (int64_t k = 0; k < num_steps; k++) {
      AddStep<kRows>(totals, tile.x + k * kStepDepth, tile.x_stride, values + k * kStepBytes);
    }
  }
  if (kHasMore) {
    const int64_t num_panels = (weight.columns + kPanelColumns - 1) / kPanelColumns;
    const int8_t* more = weight.values + num_panels * num_steps * kStepBytes;
    for (int32_t k = weight.more_starts[panel]; k < weight.more_starts[panel + 1]; k++) {
      AddStep<kRows>(totals, tile.x + weight.more_steps[k] * kStepDepth, tile.x_stride, more + k * kStepBytes);
    }
  }
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; i++) {
    for (int64_t j = 0; j < 2; j++) StoreSums(sums + i * kPanelColumns + j * kPanelColumns / 2, totals[i][j]);
  }
}

template <int64_t kRows>
static void SumRows(const Int8Panels& weight, int64_t panel, const Int8Tile& tile, int32_t* sums) {
  SumTile<kRows>(weight, panel, tile, sums);
}

template <int64_t kRows>
static void MultiplyRows(const Int8Panels& weight, int64_t panel, const Int8Tile& tile, int32_t*) {
  alignas(64) int32_t sums[kRows * kPanelColumns];
  SumTile<kRows>(weight, panel, tile, sums);
  const float* scales = weight.scales + panel * kPanelColumns;
  const int32_t* column_sums = weight.sums + panel * kPanelColumns;
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; i++) {
    const float scale = tile.x_scales[i];
    const int32_t zero = tile.x_zeros[i];
    float* to = tile.output + i * kPanelColumns;
#pragma omp simd
    for (int64_t j = 0; j < kPanelColumns; j++) {
      to[j] = static_cast<float>(sums[i * kPanelColumns + j] - zero * column_sums[j]) * (scale * scales[j]);
    }
  }
}

struct Int8TileTables {
  typedef void (*Function)(const Int8Panels&, int64_t, const Int8Tile&, int32_t*);
  Function multiply[kTileRows];
  Function sum[kTileRows];
};

template <size_t... kRows>
static constexpr Int8TileTables MakeInt8TileTables(std::index_sequence<kRows...>) {
  return {{MultiplyRows<kRows + 1>...}, {SumRows<kRows + 1>...}};
}

constexpr Int8TileTables kInt8Tiles = MakeInt8TileTables(std::make_index_sequence<kTileRows>());

static void RunInt8Tile(const Int8Panels& weight, int64_t panel, const Int8Tile& tile, int64_t rows) {
  kInt8Tiles.multiply[rows - 1](weight, panel, tile, nullptr);
}

static void RunInt8TileSums(const Int8Panels& weight, int64_t panel, const Int8Tile& tile, int64_t rows,
                            int32_t* sums) {
  kInt8Tiles.sum[rows - 1](weight, panel, tile, sums);
}

}  // namespace lxmert::LXMERT_ISA
