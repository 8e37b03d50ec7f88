// The sublayers of a transformer over packed rows, as steps: attention and feed-forward with residual and LayerNorm
// behind them. Answering only: no dropout, nothing kept for gradients.
#pragma once

#include <cstdint>
#include <vector>

#include "product.h"
#include "steps.h"

namespace lxmert {

// Rows of values, so many values apart.
struct Rows {
  float* values;
  int64_t stride;
  int64_t count;
};

struct DenseLayer {
  PackedWeight weight;
  const float* bias;
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
  Rows projected;  // (rows, 3 hidden)
  Rows context;    // (rows, hidden)
  Rows sum;        // (rows, hidden)
  Rows inner;      // (rows, intermediate)
};

// Values that a workspace for so many rows takes, and its parts laid out in them.
int64_t WorkspaceValues(int64_t rows, int64_t hidden, int64_t intermediate);
Workspace LayOut(float* values, int64_t rows, int64_t hidden, int64_t intermediate);

// output = activation(x W^T + bias + residual) of columns [first, first + count): every product of a block is made
// here. The residual has no values where nothing is added.
void AddProduct(Steps& steps, const Rows& x, const DenseLayer& layer, int64_t first, int64_t count,
                const Rows& residual, const Rows& output, Activation activation, int num_threads);

// output = LayerNorm(sum); the output may be the sum.
void AddNorm(Steps& steps, const Rows& sum, const NormLayer& norm, int64_t size, const Rows& output);

// Queries, keys and values are rows of (heads * head size) values each.
void AddAttention(Steps& steps, const Rows& queries, const Rows& keys, const Rows& values,
                  const std::vector<Segment>& segments, int64_t num_heads, int64_t hidden, const Rows& context);

// y = LayerNorm(attention among the rows of x + x); y may be x.
void AddSelfAttention(Steps& steps, const Rows& x, const AttentionSublayer& layer, const std::vector<Segment>& segments,
                      const Workspace& work, const Rows& y, int num_threads);

// y = LayerNorm(attention of the rows of x at those of others + x); y may be x.
void AddCrossAttention(Steps& steps, const Rows& x, const Rows& others, const AttentionSublayer& layer,
                       const std::vector<Segment>& segments, const Workspace& work, const Workspace& work_of_others,
                       const Rows& y, int num_threads);

// y = LayerNorm(outer(GELU(inner(x))) + x); y may be x.
void AddFeedForward(Steps& steps, const Rows& x, const FeedForwardSublayer& layer, const Workspace& work, const Rows& y,
                    int num_threads);

}  // namespace lxmert
