// lxmert::packed_layers, packed_cross_layers and packed_regions: whole layers of a model that only answers, each call
// one run of the crew.
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "../engine/blocks.h"
#include "packed.h"
#include "segments.h"
#include "support.h"

namespace lxmert {
namespace {

// Reads a flat list of weights in the order in which layers hold them.
class WeightList {
 public:
  WeightList(at::TensorList tensors, int64_t tensors_per_weight, int64_t num_heads, double eps)
      : tensors_(tensors),
        per_weight_(static_cast<size_t>(tensors_per_weight)),
        num_heads_(num_heads),
        eps_(static_cast<float>(eps)) {
    TORCH_CHECK(tensors_per_weight >= 2 && num_heads >= 1, "a packed weight has two tensors or more, attention a head");
  }

  AttentionSublayer TakeAttention() {
    AttentionSublayer layer{};
    layer.projections = TakeDense();
    layer.output = TakeDense();
    const int64_t hidden = layer.output.weight.columns;
    TORCH_CHECK(hidden > 0 && layer.projections.weight.columns == 3 * hidden && layer.output.weight.depth == hidden &&
                    layer.projections.weight.depth == hidden && hidden % num_heads_ == 0,
                "query, key and value of ", layer.projections.weight.columns, " columns do not go with ", num_heads_,
                " heads and rows of ", hidden);
    layer.norm = TakeNorm(hidden);
    layer.num_heads = num_heads_;
    return layer;
  }

  FeedForwardSublayer TakeFeedForward() {
    FeedForwardSublayer layer{};
    layer.inner = TakeDense();
    layer.outer = TakeDense();
    TORCH_CHECK(layer.inner.weight.columns == layer.outer.weight.depth &&
                    layer.outer.weight.columns == layer.inner.weight.depth,
                "the two layers of a feed-forward sublayer do not fit each other");
    layer.norm = TakeNorm(layer.outer.weight.columns);
    return layer;
  }

  DenseLayer TakeDense() {
    DenseLayer layer{};
    const at::TensorList packed = Take(per_weight_);
    if (FormatOfPacked(packed) == WeightFormat::kInt8) {
      layer.int8 = Int8PanelsFrom(packed);
      layer.weight = {nullptr, layer.int8.columns, layer.int8.depth};
    } else {
      layer.weight = PackedFrom(packed);
    }
    layer.bias = VectorOf(Take(1)[0], layer.weight.columns, "bias");
    return layer;
  }

  NormLayer TakeNorm(int64_t size) {
    const at::TensorList norm = Take(2);
    return {VectorOf(norm[0], size, "norm weight"), VectorOf(norm[1], size, "norm shift"), eps_};
  }

  void CheckEnd() const {
    TORCH_CHECK(next_ == tensors_.size(), tensors_.size(), " tensors of weights were given, but the layers have ",
                next_);
  }

 private:
  at::TensorList Take(size_t count) {
    TORCH_CHECK(next_ + count <= tensors_.size(), "the list of weights ends in the middle of a layer");
    next_ += count;
    return tensors_.slice(next_ - count, count);
  }

  at::TensorList tensors_;
  size_t per_weight_;
  int64_t num_heads_;
  float eps_;
  size_t next_ = 0;
};

// Rows of a contiguous float32 tensor.
Rows RowsOf(const at::Tensor& tensor) { return {tensor.data_ptr<float>(), tensor.size(1), tensor.size(0)}; }

at::Tensor CheckedRows(const at::Tensor& tensor, int64_t hidden) {
  TORCH_CHECK(tensor.dim() == 2 && tensor.scalar_type() == at::kFloat && tensor.is_cpu() && tensor.size(1) == hidden,
              "expected rows of ", hidden, " float32 values on the CPU but received ",
              c10::toString(tensor.scalar_type()), " ", tensor.sizes());
  TORCH_CHECK(!Records({tensor}), "these layers have no gradient: call them without recording one");
  return tensor.contiguous();
}

std::vector<Segment> CheckedSegments(const at::Tensor& tensor, int64_t num_queries, int64_t num_keys) {
  std::vector<Segment> segments = ReadSegments(tensor);
  int64_t covered = 0;
  for (const Segment& segment : segments) {
    TORCH_CHECK(segment.query_start == covered && segment.num_queries >= 0 && segment.key_start >= 0 &&
                    segment.num_keys >= 0 && int64_t{segment.key_start} + segment.num_keys <= num_keys,
                "segments must cover the queries in order, with keys among the ", num_keys, " rows");
    covered += segment.num_queries;
  }
  TORCH_CHECK(covered <= num_queries, "segments of ", covered, " queries, but there are ", num_queries);
  return segments;
}

void CheckHidden(const AttentionSublayer& layer, int64_t hidden) {
  TORCH_CHECK(layer.output.weight.columns == hidden, "weights for rows of ", layer.output.weight.columns,
              " values do not go with rows of ", hidden);
}

// A stream's rows on their way through layers, and the memory that this takes.
class StreamOfRows {
 public:
  StreamOfRows(const at::Tensor& input, int64_t hidden, int64_t intermediate)
      : hidden_(hidden),
        intermediate_(intermediate),
        input_(CheckedRows(input, hidden)),
        output_(at::empty_like(input_)) {
    const int64_t rows = input_.size(0);
    memory_ = at::empty({WorkspaceValues(rows, hidden, intermediate)}, input_.options());
    work_ = LayOut(memory_.data_ptr<float>(), rows, hidden, intermediate);
    current_ = RowsOf(input_);
  }

  // Rows after the last segment belong to no sequence and attend to nothing: there the context is what lies in memory.
  void ClearContext(const std::vector<Segment>& segments) {
    const int64_t covered = segments.empty() ? 0 : segments.back().query_start + segments.back().num_queries;
    const Rows& context = work_.context;
    std::fill(context.values + covered * context.stride, context.values + context.count * context.stride, 0.0f);
  }

  // The memory is of the first layer's sizes.
  void CheckSizes(const AttentionSublayer& attention, const FeedForwardSublayer& feed_forward) const {
    CheckHidden(attention, hidden_);
    TORCH_CHECK(feed_forward.inner.weight.columns == intermediate_ && feed_forward.outer.weight.columns == hidden_,
                "the feed-forward sublayers of a stream must have the same sizes");
  }

  const Rows& current() const { return current_; }
  const Workspace& work() const { return work_; }
  Rows output() const { return RowsOf(output_); }
  void Advance() { current_ = output(); }
  const at::Tensor& result() const { return output_; }

 private:
  int64_t hidden_, intermediate_;
  at::Tensor input_, output_, memory_;
  Workspace work_;
  Rows current_;
};

// rows[i] through num_layers[i] layers, all streams beside each other.
std::vector<at::Tensor> PackedLayers(at::TensorList rows, at::TensorList segments, at::TensorList weights,
                                     at::IntArrayRef num_layers, int64_t tensors_per_weight, int64_t num_heads,
                                     double eps) {
  TORCH_CHECK(rows.size() == segments.size() && rows.size() == num_layers.size(),
              "each stream of rows needs its segments and its number of layers");
  const int num_threads = at::get_num_threads();
  WeightList list(weights, tensors_per_weight, num_heads, eps);
  std::vector<at::Tensor> results;
  std::vector<StreamOfRows> streams;
  Steps all;
  for (size_t i = 0; i < rows.size(); i++) {
    Steps steps;
    const std::vector<Segment> own = CheckedSegments(segments[i], rows[i].size(0), rows[i].size(0));
    if (num_layers[i] == 0) results.push_back(rows[i]);
    for (int64_t layer = 0; layer < num_layers[i]; layer++) {
      const AttentionSublayer attention = list.TakeAttention();
      const FeedForwardSublayer feed_forward = list.TakeFeedForward();
      if (layer == 0) {
        streams.emplace_back(rows[i], attention.output.weight.columns, feed_forward.inner.weight.columns);
        streams.back().ClearContext(own);
        results.push_back(streams.back().result());
      }
      StreamOfRows& stream = streams.back();
      stream.CheckSizes(attention, feed_forward);
      AddSelfAttention(steps, stream.current(), layer > 0, attention, own, stream.work(), stream.output(), num_threads);
      stream.Advance();
      AddFeedForward(steps, stream.current(), feed_forward, stream.work(), stream.output(), num_threads);
    }
    all = Beside(std::move(all), std::move(steps));
  }
  list.CheckEnd();
  RunSteps(all, num_threads);
  return results;
}

// weights: the features' packed weight, its bias and norm, the boxes' plain weight, its bias and norm.
at::Tensor PackedRegions(const at::Tensor& features, const at::Tensor& boxes, at::TensorList weights, double eps) {
  TORCH_CHECK(weights.size() >= 9, "the weights of features and boxes are a packed one and seven tensors");
  WeightList list(weights.slice(0, weights.size() - 4), static_cast<int64_t>(weights.size()) - 7, 1, eps);
  RegionEmbedding layer{};
  layer.features = list.TakeDense();
  const int64_t hidden = layer.features.weight.columns, num_rows = features.size(0);
  layer.feature_norm = list.TakeNorm(hidden);
  const at::TensorList of_boxes = weights.slice(weights.size() - 4, 4);
  const int64_t box_size = of_boxes[0].dim() == 2 ? of_boxes[0].size(1) : 0;
  layer.box_weight = VectorOf(of_boxes[0], hidden * box_size, "weight of boxes");
  layer.box_bias = VectorOf(of_boxes[1], hidden, "bias of boxes");
  layer.box_norm = {VectorOf(of_boxes[2], hidden, "norm weight"), VectorOf(of_boxes[3], hidden, "norm shift"),
                    static_cast<float>(eps)};
  const at::Tensor own_features = CheckedRows(features, layer.features.weight.depth);
  const at::Tensor own_boxes = CheckedRows(boxes, box_size);
  TORCH_CHECK(own_boxes.size(0) == num_rows, "each region has features and a box");
  at::Tensor output = at::empty({num_rows, hidden}, features.options()), sums = at::empty_like(output);
  const int num_threads = at::get_num_threads();
  Steps steps;
  const RoundedRows rounded(layer.features.is_int8() ? num_rows : 0, layer.features.weight.depth);
  AddRegionEmbedding(steps, RowsOf(own_features), RowsOf(own_boxes), box_size, layer, RowsOf(sums), RowsOf(output),
                     rounded.rows(), num_threads);
  RunSteps(steps, num_threads);
  return output;
}

// The rows of both streams one below the other, as the cross-modality layers work on them.
struct JoinedRows {
  JoinedRows(const at::Tensor& language, const at::Tensor& vision)
      : num_language(language.size(0)), num_vision(vision.size(0)), hidden(language.size(1)) {
    // By hand: libtorch's own operators would start OpenMP's threads, which then look on for work beside the crew's.
    tensor = at::empty({num_language + num_vision, hidden}, language.options());
    float* to = tensor.data_ptr<float>();
    for (const at::Tensor& part : {CheckedRows(language, hidden), CheckedRows(vision, hidden)}) {
      to = std::copy_n(part.data_ptr<float>(), part.numel(), to);
    }
  }

  void MakeWorkspace(int64_t intermediate) {
    if (memory.defined()) return;
    memory = at::empty({WorkspaceValues(tensor.size(0), hidden, intermediate)}, tensor.options());
    work = LayOut(memory.data_ptr<float>(), tensor.size(0), hidden, intermediate);
    // Rows that belong to no sequence attend to nothing.
    std::fill_n(work.context.values, work.context.count * work.context.stride, 0.0f);
  }

  Rows all() const { return RowsOf(tensor); }
  Rows language() const { return Below(all(), 0, num_language); }
  Rows vision() const { return Below(all(), num_language, num_vision); }
  Workspace language_work() const { return Below(work, 0, num_language); }
  Workspace vision_work() const { return Below(work, num_language, num_vision); }

  int64_t num_language, num_vision, hidden;
  at::Tensor tensor, memory;
  Workspace work;
};

// Who attends to whom in the cross-modality layers.
struct CrossSegments {
  std::vector<Segment> both_ways, language, vision;
};

void AddCrossLayer(Steps& steps, JoinedRows& rows, bool is_rounded, WeightList& list, const CrossSegments& segments,
                   int num_threads) {
  const AttentionSublayer cross = list.TakeAttention();
  const AttentionSublayer language_attention = list.TakeAttention(), vision_attention = list.TakeAttention();
  const FeedForwardSublayer language_inner = list.TakeFeedForward(), vision_inner = list.TakeFeedForward();
  CheckHidden(cross, rows.hidden);
  CheckHidden(language_attention, rows.hidden);
  CheckHidden(vision_attention, rows.hidden);
  TORCH_CHECK(language_inner.inner.weight.columns == vision_inner.inner.weight.columns &&
                  language_inner.outer.weight.columns == rows.hidden &&
                  vision_inner.outer.weight.columns == rows.hidden,
              "the feed-forward sublayers of both streams must have the same sizes");
  rows.MakeWorkspace(language_inner.inner.weight.columns);
  AddSelfAttention(steps, rows.all(), is_rounded, cross, segments.both_ways, rows.work, rows.all(), num_threads);
  Steps language, vision;
  AddSelfAttention(language, rows.language(), true, language_attention, segments.language, rows.language_work(),
                   rows.language(), num_threads);
  AddFeedForward(language, rows.language(), language_inner, rows.language_work(), rows.language(), num_threads);
  AddSelfAttention(vision, rows.vision(), true, vision_attention, segments.vision, rows.vision_work(), rows.vision(),
                   num_threads);
  AddFeedForward(vision, rows.vision(), vision_inner, rows.vision_work(), rows.vision(), num_threads);
  Append(steps, Beside(std::move(vision), std::move(language)));
}

// The last layer as far as the first word of each sentence depends on it; `first` gets these rows and
// `memory` what is needed for them meanwhile.
void AddFirstWords(Steps& steps, JoinedRows& rows, WeightList& list, const std::vector<Segment>& to_vision,
                   const std::vector<Segment>& of_first, const Rows& first, at::Tensor& memory, int num_threads) {
  const AttentionSublayer cross = list.TakeAttention(), self = list.TakeAttention();
  const FeedForwardSublayer feed_forward = list.TakeFeedForward();
  CheckHidden(cross, rows.hidden);
  CheckHidden(self, rows.hidden);
  TORCH_CHECK(feed_forward.outer.weight.columns == rows.hidden, "the feed-forward sublayer is not of rows of ",
              rows.hidden);
  const int64_t intermediate = feed_forward.inner.weight.columns;
  rows.MakeWorkspace(intermediate);
  memory = at::empty({WorkspaceValues(first.count, rows.hidden, intermediate)}, rows.tensor.options());
  const Workspace work = LayOut(memory.data_ptr<float>(), first.count, rows.hidden, intermediate);
  const Rows words = rows.language();
  AddCrossAttention(steps, words, rows.vision(), cross, to_vision, rows.language_work(), rows.vision_work(), words,
                    num_threads);
  // The first row of each sentence is its first key.
  const auto starts = std::make_shared<std::vector<int64_t>>();
  for (const Segment& segment : of_first) starts->push_back(segment.key_start);
  steps.push_back({1, [=, hidden = rows.hidden](int64_t, int) {
                     for (size_t i = 0; i < starts->size(); i++) {
                       const float* from = words.values + (*starts)[i] * words.stride;
                       std::memcpy(first.values + static_cast<int64_t>(i) * first.stride, from,
                                   static_cast<size_t>(hidden) * sizeof(float));
                     }
                   }});
  AddCrossAttention(steps, first, words, self, of_first, work, rows.language_work(), first, num_threads);
  AddFeedForward(steps, first, feed_forward, work, first, num_threads);
}

// The cross-modality layers. segments: both ways, language, vision; two more, words at regions and first words at
// words, ask for a last layer that computes the first word of each sentence alone: then the result is these rows, and
// the list of weights ends with the layer's cross-attention, the language stream's self-attention and feed-forward.
std::vector<at::Tensor> PackedCrossLayers(const at::Tensor& language, const at::Tensor& vision, at::TensorList segments,
                                          at::TensorList weights, int64_t num_layers, int64_t tensors_per_weight,
                                          int64_t num_heads, double eps) {
  TORCH_CHECK(segments.size() == 3 || segments.size() == 5, "expected three kinds of segments or five");
  TORCH_CHECK(language.dim() == 2 && vision.dim() == 2 && num_layers >= 0, "rows must have two dimensions");
  const int num_threads = at::get_num_threads();
  WeightList list(weights, tensors_per_weight, num_heads, eps);
  JoinedRows rows(language, vision);
  const int64_t num_all = rows.num_language + rows.num_vision;
  const CrossSegments own{CheckedSegments(segments[0], num_all, num_all),
                          CheckedSegments(segments[1], rows.num_language, rows.num_language),
                          CheckedSegments(segments[2], rows.num_vision, rows.num_vision)};
  Steps steps;
  for (int64_t i = 0; i < num_layers; i++) AddCrossLayer(steps, rows, i > 0, list, own, num_threads);
  at::Tensor first, memory_of_first;
  if (segments.size() == 5) {
    const auto to_vision = CheckedSegments(segments[3], rows.num_language, rows.num_vision);
    const auto of_first = CheckedSegments(segments[4], segments[4].size(0), rows.num_language);
    first = at::empty({static_cast<int64_t>(of_first.size()), rows.hidden}, language.options());
    AddFirstWords(steps, rows, list, to_vision, of_first, RowsOf(first), memory_of_first, num_threads);
  }
  list.CheckEnd();
  RunSteps(steps, num_threads);
  if (first.defined()) return {first};
  return {rows.tensor.narrow(0, 0, rows.num_language), rows.tensor.narrow(0, rows.num_language, rows.num_vision)};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def(
      "packed_layers(Tensor[] rows, Tensor[] segments, Tensor[] weights, int[] num_layers, int tensors_per_weight, "
      "int num_heads, float eps) -> Tensor[]",
      &PackedLayers);
  library.def("packed_regions(Tensor features, Tensor boxes, Tensor[] weights, float eps) -> Tensor", &PackedRegions);
  library.def(
      "packed_cross_layers(Tensor language, Tensor vision, Tensor[] segments, Tensor[] weights, int num_layers, "
      "int tensors_per_weight, int num_heads, float eps) -> Tensor[]",
      &PackedCrossLayers);
}

}  // namespace lxmert
