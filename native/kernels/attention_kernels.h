// Attention of one sequence and head: matrices of some tens of rows, too small for a call of a BLAS each.
#pragma once

#include <cstring>

#include "kernels.h"
#include "numbers.h"
#include "random_bytes.h"
#include "vectors.h"

namespace lxmert::LXMERT_ISA {

// A block of the product below: kRows rows, kColumns registers, sums kept in registers.
template <int64_t kRows, int64_t kColumns>
static inline void MultiplyBlock(int64_t depth, const float* a, int64_t a_row, int64_t a_column, const float* b,
                                 int64_t b_row, float* c, int64_t c_row) {
  Vector sums[kRows][kColumns] = {};
  for (int64_t k = 0; k < depth; k++) {
    Vector right[kColumns];
    for (int64_t j = 0; j < kColumns; j++) right[j] = *reinterpret_cast<const Vector*>(b + k * b_row + j * kLanes);
    for (int64_t i = 0; i < kRows; i++) {
      const float left = a[i * a_row + k * a_column];
      for (int64_t j = 0; j < kColumns; j++) sums[i][j] += left * right[j];
    }
  }
  for (int64_t i = 0; i < kRows; i++) {
    for (int64_t j = 0; j < kColumns; j++) *reinterpret_cast<Vector*>(c + i * c_row + j * kLanes) = sums[i][j];
  }
}

template <int64_t kColumns>
static inline void MultiplyColumns(int64_t rows, int64_t depth, const float* a, int64_t a_row, int64_t a_column,
                                   const float* b, int64_t b_row, float* c, int64_t c_row) {
  constexpr int64_t kRows = 4;
  int64_t i = 0;
  for (; i + kRows <= rows; i += kRows) {
    MultiplyBlock<kRows, kColumns>(depth, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row);
  }
  for (; i < rows; i++) {
    MultiplyBlock<1, kColumns>(depth, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row);
  }
}

// c = a b with a (rows, depth) by any strides, b (depth, columns), c (rows, columns); columns a multiple of kLanes.
static void Multiply(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t a_row, int64_t a_column,
                     const float* b, int64_t b_row, float* c, int64_t c_row) {
  int64_t j = 0;
  for (; j + kMostColumns * kLanes <= columns; j += kMostColumns * kLanes) {
    MultiplyColumns<kMostColumns>(rows, depth, a, a_row, a_column, b + j, b_row, c + j, c_row);
  }
  for (; kMostColumns > 2 && j + 2 * kLanes <= columns; j += 2 * kLanes) {
    MultiplyColumns<2>(rows, depth, a, a_row, a_column, b + j, b_row, c + j, c_row);
  }
  for (; j < columns; j += kLanes) {
    MultiplyColumns<1>(rows, depth, a, a_row, a_column, b + j, b_row, c + j, c_row);
  }
}

// (rows, columns) -> (rows, width) float32, zeros in the rest of each row.
template <typename T>
static void LoadRows(const T* from, int64_t stride, int64_t rows, int64_t columns, int64_t width, float* to) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) to[i * width + j] = ToFloat(from[i * stride + j]);
    for (int64_t j = columns; j < width; j++) to[i * width + j] = 0;
  }
}

// (rows, columns) -> (columns, width) float32, times `scale`, zeros in the rest of each row.
template <typename T>
static void LoadTransposed(const T* from, int64_t stride, int64_t rows, int64_t columns, int64_t width, float scale,
                           float* to) {
  for (int64_t j = 0; j < columns; j++) {
    for (int64_t i = 0; i < rows; i++) to[j * width + i] = ToFloat(from[i * stride + j]) * scale;
    for (int64_t i = rows; i < width; i++) to[j * width + i] = 0;
  }
}

template <typename T>
static void StoreRows(const float* from, int64_t width, int64_t rows, int64_t columns, T* to, int64_t stride) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) to[i * stride + j] = FromFloat<T>(from[i * width + j]);
  }
}

static int64_t AttentionScratch(int64_t num_queries, int64_t num_keys, int64_t head_size) {
  const int64_t keys = RoundUp(num_keys), size = RoundUp(head_size);
  // The backward pass holds most: q, dq, dO; k, v, dk, dv; v^T; two (queries, keys).
  return 3 * num_queries * size + 4 * num_keys * size + head_size * keys + 2 * num_queries * keys + kGroupValues;
}

// Numerically safe softmax of `count` values in place.
static void Softmax(float* values, int64_t count) {
  float largest = values[0];
#pragma omp simd reduction(max : largest)
  for (int64_t i = 0; i < count; i++) largest = values[i] > largest ? values[i] : largest;
  float total = 0;
#pragma omp simd reduction(+ : total)
  for (int64_t i = 0; i < count; i++) {
    values[i] = Exp(values[i] - largest);
    total += values[i];
  }
  const float inverse = 1.0f / total;
#pragma omp simd
  for (int64_t i = 0; i < count; i++) values[i] *= inverse;
}

// Drops some of a row of probabilities. `saved` (or null) gets them before that, negative where dropped.
static void DropRow(const Dropout& dropout, uint64_t row, int64_t count, float* row_values, float* saved) {
  uint16_t random[kGroupValues];
  for (int64_t start = 0; start < count; start += kGroupValues) {
    RandomGroup(dropout.seed, row, static_cast<uint32_t>(start / 8), random);
    const int64_t end = count - start < kGroupValues ? count - start : kGroupValues;
    float* values = row_values + start;
    if (saved != nullptr) {
#pragma omp simd
      for (int64_t i = 0; i < end; i++) {
        saved[start + i] = random[i] >= dropout.dropped_of_65536 ? values[i] : -values[i];
      }
    }
#pragma omp simd
    for (int64_t i = 0; i < end; i++) {
      values[i] = random[i] >= dropout.dropped_of_65536 ? values[i] * dropout.kept_scale : 0.0f;
    }
  }
}

template <typename T>
static void RunAttentionForward(const Attention& work, const Segment& segment, int64_t head, float* probabilities,
                                float* scratch) {
  const int64_t rows = segment.num_queries, keys = segment.num_keys, size = work.head_size;
  const int64_t wide_keys = RoundUp(keys), wide_size = RoundUp(size);
  const T* queries = static_cast<const T*>(work.queries) + segment.query_start * work.query_stride + head * size;
  T* output = static_cast<T*>(work.output) + segment.query_start * work.output_stride + head * size;
  if (keys == 0) {
    // Nothing to attend to: nothing is seen.
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < size; j++) output[i * work.output_stride + j] = FromFloat<T>(0.0f);
    }
    return;
  }
  float* q = scratch;                         // (rows, size)
  float* transposed = q + rows * wide_size;   // (size, keys)
  float* v = transposed + size * wide_keys;   // (keys, size)
  float* scores = v + keys * wide_size;       // (rows, keys)
  float* result = scores + rows * wide_keys;  // (rows, size)
  LoadRows(queries, work.query_stride, rows, size, wide_size, q);
  LoadTransposed(static_cast<const T*>(work.keys) + segment.key_start * work.key_stride + head * size, work.key_stride,
                 keys, size, wide_keys, 1.0f / __builtin_sqrtf(static_cast<float>(size)), transposed);
  Multiply(rows, wide_keys, size, q, wide_size, 1, transposed, wide_keys, scores, wide_keys);
  for (int64_t i = 0; i < rows; i++) {
    float* row = scores + i * wide_keys;
    Softmax(row, keys);
    float* saved = probabilities == nullptr ? nullptr : probabilities + i * keys;
    if (work.dropout.dropped_of_65536 != 0) {
      const int64_t place = (segment.query_start + i) * work.num_heads + head;
      DropRow(work.dropout, static_cast<uint64_t>(place), keys, row, saved);
    } else if (saved != nullptr) {
      std::memcpy(saved, row, static_cast<size_t>(keys) * sizeof(float));
    }
  }
  LoadRows(static_cast<const T*>(work.values) + segment.key_start * work.value_stride + head * size, work.value_stride,
           keys, size, wide_size, v);
  Multiply(rows, wide_size, keys, scores, wide_keys, 1, v, wide_size, result, wide_size);
  StoreRows(result, wide_size, rows, size, output, work.output_stride);
}

template <typename T>
static void RunAttentionBackward(const Attention& work, const AttentionGradients& gradients, const Segment& segment,
                                 int64_t head, const float* probabilities, float* scratch) {
  const int64_t rows = segment.num_queries, keys = segment.num_keys, size = work.head_size;
  const int64_t wide_keys = RoundUp(keys), wide_size = RoundUp(size);
  const int64_t query_at = segment.query_start, key_at = segment.key_start, column = head * size;
  float* q = scratch;                                 // (rows, size)
  float* query_result = q + rows * wide_size;         // (rows, size)
  float* above = query_result + rows * wide_size;     // (rows, size): the output's gradient
  float* k = above + rows * wide_size;                // (keys, size)
  float* key_result = k + keys * wide_size;           // (keys, size)
  float* transposed = key_result + keys * wide_size;  // (size, keys): v^T
  float* kept = transposed + size * wide_keys;        // (rows, keys): probabilities after dropout
  float* slope = kept + rows * wide_keys;             // (rows, keys)
  T* query_gradient = static_cast<T*>(gradients.queries) + query_at * gradients.query_stride + column;
  if (keys == 0) {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < size; j++) query_gradient[i * gradients.query_stride + j] = FromFloat<T>(0.0f);
    }
    return;
  }
  const float scale = 1.0f / __builtin_sqrtf(static_cast<float>(size));
  LoadRows(static_cast<const T*>(work.queries) + query_at * work.query_stride + column, work.query_stride, rows, size,
           wide_size, q);
  LoadRows(static_cast<const T*>(work.output) + query_at * work.output_stride + column, work.output_stride, rows, size,
           wide_size, above);
  LoadRows(static_cast<const T*>(work.keys) + key_at * work.key_stride + column, work.key_stride, keys, size, wide_size,
           k);
  LoadTransposed(static_cast<const T*>(work.values) + key_at * work.value_stride + column, work.value_stride, keys,
                 size, wide_keys, 1.0f, transposed);
  Multiply(rows, wide_keys, size, above, wide_size, 1, transposed, wide_keys, slope, wide_keys);
  const float kept_scale = work.dropout.kept_scale;
  for (int64_t i = 0; i < rows; i++) {
    const float* saved = probabilities + i * keys;
    float* kept_row = kept + i * wide_keys;
    float* slope_row = slope + i * wide_keys;
    float mean = 0;
#pragma omp simd reduction(+ : mean)
    for (int64_t j = 0; j < keys; j++) {
      const float p = saved[j];
      kept_row[j] = p > 0 ? p * kept_scale : 0.0f;
      slope_row[j] = p > 0 ? slope_row[j] * kept_scale : 0.0f;
      mean += p * slope_row[j];
    }
    // The softmax's slope, and the scale of the scores.
#pragma omp simd
    for (int64_t j = 0; j < keys; j++) {
      const float p = saved[j] < 0 ? -saved[j] : saved[j];
      slope_row[j] = p * (slope_row[j] - mean) * scale;
    }
  }
  // dv = kept^T above, dq = slope k, dk = slope^T q
  Multiply(keys, wide_size, rows, kept, 1, wide_keys, above, wide_size, key_result, wide_size);
  StoreRows(key_result, wide_size, keys, size,
            static_cast<T*>(gradients.values) + key_at * gradients.value_stride + column, gradients.value_stride);
  Multiply(rows, wide_size, keys, slope, wide_keys, 1, k, wide_size, query_result, wide_size);
  StoreRows(query_result, wide_size, rows, size, query_gradient, gradients.query_stride);
  Multiply(keys, wide_size, rows, slope, 1, wide_keys, q, wide_size, key_result, wide_size);
  StoreRows(key_result, wide_size, keys, size, static_cast<T*>(gradients.keys) + key_at * gradients.key_stride + column,
            gradients.key_stride);
}

}  // namespace lxmert::LXMERT_ISA
