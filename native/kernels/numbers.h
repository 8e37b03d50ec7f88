// Arithmetic on single values, written so that the compiler turns loops over it into vector code. Compiled once for
// each instruction set: only plain types here, since an inline function of a library that was compiled for a newer
// processor could be the one the linker keeps for all.
#pragma once

#include <cstdint>

namespace lxmert::LXMERT_ISA {

// The bits of a bfloat16: the upper half of a float32.
struct BFloat16 {
  uint16_t bits;
};

static inline float ToFloat(float x) { return x; }
static inline float ToFloat(BFloat16 x) { return __builtin_bit_cast(float, static_cast<uint32_t>(x.bits) << 16); }

// Rounds to nearest, ties to even; a NaN stays one.
template <typename T>
static inline T FromFloat(float x);
template <>
inline float FromFloat<float>(float x) {
  return x;
}
template <>
inline BFloat16 FromFloat<BFloat16>(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return {static_cast<uint16_t>(x != x ? 0x7fc0u : rounded)};
}

// e^x within 2 units in the last place from -87.3 to 88.3, constant beyond: range reduction by ln 2 in two parts
// and a polynomial of degree 7 (the coefficients of Cephes' expf).
static inline float Exp(float x) {
  const float clamped = x < -87.3f ? -87.3f : (x > 88.3f ? 88.3f : x);
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
  const float shifted = clamped * 1.44269504088896341f + kRound;
  const int32_t exponent = __builtin_bit_cast(int32_t, shifted) - __builtin_bit_cast(int32_t, kRound);
  const float whole = shifted - kRound;
  const float r = (clamped - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float y = p * (r * r) + r + 1.0f;
  const float result = __builtin_bit_cast(float, __builtin_bit_cast(int32_t, y) + exponent * (1 << 23));
  return x != x ? x : result;
}

// The error function within 5e-7: x P(x^2) / Q(x^2), the rational fit that Eigen and XLA use, 1 beyond 4.
static inline float Erf(float x) {
  const float clamped = x < -4.0f ? -4.0f : (x > 4.0f ? 4.0f : x);
  const float x2 = clamped * clamped;
  float p = -2.72614225801306e-10f;
  p = p * x2 + 2.77068142495902e-08f;
  p = p * x2 - 2.10102402082508e-06f;
  p = p * x2 - 5.69250639462346e-05f;
  p = p * x2 - 7.34990630326855e-04f;
  p = p * x2 - 2.95459980854025e-03f;
  p = p * x2 - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * x2 - 2.13374055278905e-04f;
  q = q * x2 - 1.68282697438203e-03f;
  q = q * x2 - 7.37332916720468e-03f;
  q = q * x2 - 1.42647390514189e-02f;
  return clamped * p / q;
}

// The normal distribution function, by which GELU weighs its input.
static inline float NormalCdf(float x) { return 0.5f + 0.5f * Erf(x * 0.70710678118654752f); }

// GELU'(x) = cdf(x) + x pdf(x)
static inline float GeluSlope(float x) { return NormalCdf(x) + x * 0.39894228040143268f * Exp(-0.5f * x * x); }

}  // namespace lxmert::LXMERT_ISA
