// The steps of each sublayer.
#include "blocks.h"

#include <algorithm>
#include <memory>

#include "scratch.h"

namespace lxmert {
namespace {

// Rows whose stride is a multiple of 4 KB all begin in the same set of a cache: a line lies between.
constexpr int64_t kLine = 16;

int64_t InnerStride(int64_t intermediate) { return (intermediate + kLine - 1) / kLine * kLine + kLine; }

// In bytes: room for the widest rows that are rounded, and a line between.
int64_t RoundedStride(int64_t hidden, int64_t intermediate) {
  return (std::max(hidden, intermediate) + 63) / 64 * 64 + 64;
}

// Where a norm rounds to what stands behind a layer like this one.
Int8Rows RoundedOf(const DenseLayer& layer, const Workspace& work) {
  return layer.is_int8() ? work.rounded : Int8Rows{};
}

Rows Columns(const Rows& rows, int64_t first) { return {rows.values + first, rows.stride, rows.count}; }

}  // namespace

Rows Below(const Rows& rows, int64_t first, int64_t count) {
  return {rows.values + first * rows.stride, rows.stride, count};
}

Workspace Below(const Workspace& work, int64_t first, int64_t count) {
  const Int8Rows& rounded = work.rounded;
  return {Below(work.projected, first, count),
          Below(work.context, first, count),
          Below(work.sum, first, count),
          Below(work.inner, first, count),
          {rounded.values + first * rounded.stride, rounded.stride, rounded.scales + first, rounded.zeros + first}};
}

int64_t WorkspaceValues(int64_t rows, int64_t hidden, int64_t intermediate) {
  return rows * (5 * hidden + InnerStride(intermediate) + RoundedStride(hidden, intermediate) / 4 + 2);
}

Workspace LayOut(float* values, int64_t rows, int64_t hidden, int64_t intermediate) {
  Workspace work{};
  work.projected = {values, 3 * hidden, rows};
  work.context = {values + rows * 3 * hidden, hidden, rows};
  work.sum = {values + rows * 4 * hidden, hidden, rows};
  work.inner = {values + rows * 5 * hidden, InnerStride(intermediate), rows};
  float* scales = work.inner.values + rows * work.inner.stride;
  work.rounded = {reinterpret_cast<uint8_t*>(scales + 2 * rows), RoundedStride(hidden, intermediate), scales,
                  reinterpret_cast<int32_t*>(scales + rows)};
  return work;
}

void AddProduct(Steps& steps, const Rows& x, const DenseLayer& layer, int64_t first, int64_t count,
                const Rows& residual, const Rows& output, Activation activation, const RoundedInput& rounded,
                int num_threads) {
  Product product{};
  product.x = x.values;
  product.x_stride = x.stride;
  product.rows = x.count;
  product.weight = layer.weight;
  product.first_column = first;
  product.num_columns = count;
  product.bias = layer.bias + first;
  product.residual = residual.values;
  product.residual_stride = residual.stride;
  product.output = output.values;
  product.output_stride = output.stride;
  product.activation = activation;
  if (layer.is_int8()) {
    if (!rounded.is_there) {
      const RoundingTasks rounding(x.values, x.stride, x.count, layer.weight.depth, rounded.rows);
      steps.push_back({rounding.num_tasks(), rounding});
    }
    const Int8ProductTasks tasks(product, rounded.rows, layer.int8, num_threads);
    steps.push_back({tasks.num_tasks(), tasks});
    return;
  }
  const ProductTasks tasks(product, num_threads);
  steps.push_back({tasks.num_tasks(), tasks});
}

void AddNorm(Steps& steps, const Rows& sum, const NormLayer& norm, int64_t size, const Rows& output,
             const Int8Rows& rounded) {
  // Some microseconds a task.
  constexpr int64_t kRowsOfTask = 8;
  steps.push_back({(sum.count + kRowsOfTask - 1) / kRowsOfTask, [=](int64_t task, int) {
                     NormForward work{};
                     work.sum = sum.values;
                     work.weight = norm.weight;
                     work.shift = norm.shift;
                     work.output = output.values;
                     work.eps = norm.eps;
                     work.size = size;
                     const int64_t first = task * kRowsOfTask, last = std::min(first + kRowsOfTask, sum.count);
                     ActiveKernels().norm_forward[kFloat32](work, first, last);
                     if (rounded.values == nullptr) return;
                     ActiveInt8Kernels().round_rows(output.values, output.stride, size, rounded, first, last);
                   }});
}

void AddAttention(Steps& steps, const Rows& queries, const Rows& keys, const Rows& values,
                  const std::vector<Segment>& segments, int64_t num_heads, int64_t hidden, const Rows& context) {
  Attention work{};
  work.queries = queries.values;
  work.keys = keys.values;
  work.values = values.values;
  work.query_stride = queries.stride;
  work.key_stride = keys.stride;
  work.value_stride = values.stride;
  work.output = context.values;
  work.output_stride = context.stride;
  work.head_size = hidden / num_heads;
  work.num_heads = num_heads;
  int64_t scratch = 0;
  for (const Segment& segment : segments) {
    const int64_t needed = ActiveKernels().attention_scratch(segment.num_queries, segment.num_keys, work.head_size);
    scratch = std::max(scratch, needed);
  }
  const auto shared = std::make_shared<const std::vector<Segment>>(segments);
  steps.push_back({static_cast<int64_t>(segments.size()) * num_heads, [=](int64_t task, int) {
                     const Segment& segment = (*shared)[static_cast<size_t>(task / num_heads)];
                     ActiveKernels().attention_forward[kFloat32](work, segment, task % num_heads, nullptr,
                                                                 ThreadScratch(scratch));
                   }});
}

void AddSelfAttention(Steps& steps, const Rows& x, bool is_rounded, const AttentionSublayer& layer,
                      const std::vector<Segment>& segments, const Workspace& work, const Rows& y, int num_threads) {
  const int64_t hidden = layer.output.weight.columns;
  const Rows projected{work.projected.values, work.projected.stride, x.count};
  const Rows context{work.context.values, work.context.stride, x.count};
  const Rows sum{work.sum.values, work.sum.stride, x.count};
  AddProduct(steps, x, layer.projections, 0, 3 * hidden, {}, projected, kNoActivation, {work.rounded, is_rounded},
             num_threads);
  AddAttention(steps, projected, Columns(projected, hidden), Columns(projected, 2 * hidden), segments, layer.num_heads,
               hidden, context);
  AddProduct(steps, context, layer.output, 0, hidden, x, sum, kNoActivation, {work.rounded, false}, num_threads);
  AddNorm(steps, sum, layer.norm, hidden, y, RoundedOf(layer.output, work));
}

void AddCrossAttention(Steps& steps, const Rows& x, const Rows& others, const AttentionSublayer& layer,
                       const std::vector<Segment>& segments, const Workspace& work, const Workspace& work_of_others,
                       const Rows& y, int num_threads) {
  const int64_t hidden = layer.output.weight.columns;
  const Rows queries{work.projected.values, work.projected.stride, x.count};
  const Rows keys_values{work_of_others.projected.values, work_of_others.projected.stride, others.count};
  const Rows context{work.context.values, work.context.stride, x.count};
  const Rows sum{work.sum.values, work.sum.stride, x.count};
  Steps of_queries, of_keys;
  AddProduct(of_queries, x, layer.projections, 0, hidden, {}, queries, kNoActivation, {work.rounded, false},
             num_threads);
  AddProduct(of_keys, others, layer.projections, hidden, 2 * hidden, {}, Columns(keys_values, hidden), kNoActivation,
             {work_of_others.rounded, false}, num_threads);
  Append(steps, Beside(std::move(of_keys), std::move(of_queries)));
  AddAttention(steps, queries, Columns(keys_values, hidden), Columns(keys_values, 2 * hidden), segments,
               layer.num_heads, hidden, context);
  AddProduct(steps, context, layer.output, 0, hidden, x, sum, kNoActivation, {work.rounded, false}, num_threads);
  AddNorm(steps, sum, layer.norm, hidden, y, RoundedOf(layer.output, work));
}

void AddFeedForward(Steps& steps, const Rows& x, const FeedForwardSublayer& layer, const Workspace& work, const Rows& y,
                    int num_threads) {
  const int64_t hidden = layer.outer.weight.columns, intermediate = layer.inner.weight.columns;
  const Rows inner{work.inner.values, work.inner.stride, x.count};
  const Rows sum{work.sum.values, work.sum.stride, x.count};
  AddProduct(steps, x, layer.inner, 0, intermediate, {}, inner, kGelu, {work.rounded, true}, num_threads);
  AddProduct(steps, inner, layer.outer, 0, hidden, x, sum, kNoActivation, {work.rounded, false}, num_threads);
  AddNorm(steps, sum, layer.norm, hidden, y, RoundedOf(layer.outer, work));
}

void AddRegionEmbedding(Steps& steps, const Rows& features, const Rows& boxes, int64_t box_size,
                        const RegionEmbedding& layer, const Rows& box_sums, const Rows& output, const Int8Rows& rounded,
                        int num_threads) {
  const int64_t hidden = layer.features.weight.columns;
  Steps of_features;
  AddProduct(of_features, features, layer.features, 0, hidden, {}, output, kNoActivation, {rounded, false},
             num_threads);
  constexpr int64_t kColumnsOfTask = 64;
  Steps of_boxes;
  of_boxes.push_back({(hidden + kColumnsOfTask - 1) / kColumnsOfTask, [=](int64_t task, int) {
                        const SmallProduct work{boxes.values, layer.box_weight, box_sums.values,
                                                boxes.count,  box_size,         hidden};
                        const int64_t first = task * kColumnsOfTask;
                        ActiveKernels().small_product[kFloat32](work, first, std::min(first + kColumnsOfTask, hidden));
                      }});
  Append(steps, Beside(std::move(of_features), std::move(of_boxes)));
  constexpr int64_t kRowsOfTask = 8;
  steps.push_back({(output.count + kRowsOfTask - 1) / kRowsOfTask, [=](int64_t task, int) {
                     const int64_t first = task * kRowsOfTask, last = std::min(first + kRowsOfTask, output.count);
                     const auto normalise = [&](const Rows& rows, const float* bias, const NormLayer& norm) {
                       NormForward work{};
                       work.sum = rows.values;
                       work.bias = bias;
                       work.weight = norm.weight;
                       work.shift = norm.shift;
                       work.output = rows.values;
                       work.eps = norm.eps;
                       work.size = hidden;
                       ActiveKernels().norm_forward[kFloat32](work, first, last);
                     };
                     normalise(output, nullptr, layer.feature_norm);
                     normalise(box_sums, layer.box_bias, layer.box_norm);
                     float* to = output.values;
                     const float* from = box_sums.values;
                     for (int64_t i = first * hidden; i < last * hidden; i++) to[i] = (to[i] + from[i]) / 2;
                   }});
}

}  // namespace lxmert
