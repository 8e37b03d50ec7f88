// The sublayers of a transformer over packed rows, as steps: attention and feed-forward with residual and LayerNorm
// behind them. Answering only: no dropout, nothing kept for gradients.
#pragma once

#include <cstdint>
#include <vector>

#include "int8_product.h"
#include "product.h"
#include "steps.h"

namespace lxmert {

// Rows of values, so many values apart.
struct Rows {
  float* values;
  int64_t stride;
  int64_t count;
};

// In float32, or in 8 bits: then the weight has no panels of its own.
struct DenseLayer {
  PackedWeight weight;
  Int8Panels int8;
  const float* bias;

  bool is_int8() const { return int8.values != nullptr; }
};

struct NormLayer {
  const float* weight;
  const float* shift;
  float eps;
};

struct AttentionSublayer {
  DenseLayer projections;  // query, key and value one below the other
  DenseLayer output;
  NormLayer norm;
  int64_t num_heads;
};

struct FeedForwardSublayer {
  DenseLayer inner, outer;
  NormLayer norm;
};

// What the steps of one stream of rows write to meanwhile; may serve one layer after the other.
struct Workspace {
  Rows projected;    // (rows, 3 hidden)
  Rows context;      // (rows, hidden)
  Rows sum;          // (rows, hidden)
  Rows inner;        // (rows, intermediate)
  Int8Rows rounded;  // what a product in 8 bits reads
};

// The part of it for the rows from a row on.
Workspace Below(const Workspace& work, int64_t first, int64_t count);
Rows Below(const Rows& rows, int64_t first, int64_t count);

// Values that a workspace for so many rows takes, and its parts laid out in them.
int64_t WorkspaceValues(int64_t rows, int64_t hidden, int64_t intermediate);
Workspace LayOut(float* values, int64_t rows, int64_t hidden, int64_t intermediate);

// Where a product in 8 bits finds its rows: rounded before, or to be rounded there by itself.
struct RoundedInput {
  Int8Rows rows;
  bool is_there;
};

// output = activation(x W^T + bias + residual) of columns [first, first + count): every product of a block is made
// here. The residual has no values where nothing is added.
void AddProduct(Steps& steps, const Rows& x, const DenseLayer& layer, int64_t first, int64_t count,
                const Rows& residual, const Rows& output, Activation activation, const RoundedInput& rounded,
                int num_threads);

// output = LayerNorm(sum); the output may be the sum. Rounds it too where `rounded` has values: most products in 8 bits
// read what a norm wrote, and a step of its own would make everybody wait once more.
void AddNorm(Steps& steps, const Rows& sum, const NormLayer& norm, int64_t size, const Rows& output,
             const Int8Rows& rounded);

// Queries, keys and values are rows of (heads * head size) values each.
void AddAttention(Steps& steps, const Rows& queries, const Rows& keys, const Rows& values,
                  const std::vector<Segment>& segments, int64_t num_heads, int64_t hidden, const Rows& context);

// y = LayerNorm(attention among the rows of x + x); y may be x. is_rounded: x was written by a sublayer in this
// workspace, or in its parts, so in 8 bits it is rounded there.
void AddSelfAttention(Steps& steps, const Rows& x, bool is_rounded, const AttentionSublayer& layer,
                      const std::vector<Segment>& segments, const Workspace& work, const Rows& y, int num_threads);

// y = LayerNorm(attention of the rows of x at those of others + x); y may be x.
void AddCrossAttention(Steps& steps, const Rows& x, const Rows& others, const AttentionSublayer& layer,
                       const std::vector<Segment>& segments, const Workspace& work, const Workspace& work_of_others,
                       const Rows& y, int num_threads);

// y = LayerNorm(outer(GELU(inner(x))) + x), of what an attention sublayer wrote in this workspace; y may be x.
void AddFeedForward(Steps& steps, const Rows& x, const FeedForwardSublayer& layer, const Workspace& work, const Rows& y,
                    int num_threads);

// How regions become rows: (LayerNorm(dense(features)) + LayerNorm(dense(boxes))) / 2. The boxes' weight is plain,
// (hidden, values of a box): it is too narrow for panels to pay.
struct RegionEmbedding {
  DenseLayer features;
  NormLayer feature_norm;
  const float* box_weight;
  const float* box_bias;
  NormLayer box_norm;
};

// features (rows, F), boxes (rows, values of a box) -> output; box_sums is memory of the output's size, rounded of the
// features where their weight is in 8 bits.
void AddRegionEmbedding(Steps& steps, const Rows& features, const Rows& boxes, int64_t box_size,
                        const RegionEmbedding& layer, const Rows& box_sums, const Rows& output, const Int8Rows& rounded,
                        int num_threads);

}  // namespace lxmert
