// lxmert::self_attention and lxmert::cross_attention: multi-head attention over packed rows.
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "segments.h"
#include "support.h"

namespace lxmert {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct Plan {
  std::vector<Segment> segments;
  // Where each segment's probabilities begin, for head 0.
  std::vector<int64_t> places;
  int64_t num_probabilities = 0;
  int64_t scratch = 0;
  bool covers_queries = false;  // every query row is in exactly one segment
  bool covers_keys = false;
  bool shares_keys = false;  // some key row is in several segments
};

// Ranges [start, start + count) that lie in [0, total): do they overlap, do they cover it all?
void Examine(std::vector<std::pair<int64_t, int64_t>> ranges, int64_t total, const char* what, bool& covers,
             bool& overlaps) {
  std::sort(ranges.begin(), ranges.end());
  int64_t end = 0, covered = 0;
  overlaps = false;
  for (const auto& [start, count] : ranges) {
    TORCH_CHECK(start >= 0 && count >= 0 && start + count <= total, "segment of ", what, " ", start, " to ",
                start + count, " of ", total);
    if (count == 0) continue;
    overlaps = overlaps || start < end;
    end = std::max(end, start + count);
    covered += count;
  }
  covers = !overlaps && covered == total;
}

// segments (S, 4) int32: first query row, query rows, first key row, key rows.
Plan MakePlan(const at::Tensor& segments, int64_t num_queries, int64_t num_keys, int64_t num_heads, int64_t head_size) {
  Plan plan;
  plan.segments = ReadSegments(segments);
  std::vector<std::pair<int64_t, int64_t>> queries, keys;
  for (const Segment& segment : plan.segments) {
    queries.emplace_back(segment.query_start, segment.num_queries);
    keys.emplace_back(segment.key_start, segment.num_keys);
  }
  bool shares_queries = false;
  Examine(std::move(queries), num_queries, "queries", plan.covers_queries, shares_queries);
  Examine(std::move(keys), num_keys, "keys", plan.covers_keys, plan.shares_keys);
  TORCH_CHECK(!shares_queries, "a query row may be in one segment only");
  for (const Segment& segment : plan.segments) {
    plan.places.push_back(plan.num_probabilities);
    plan.num_probabilities += num_heads * segment.num_queries * segment.num_keys;
    plan.scratch =
        std::max(plan.scratch, ActiveKernels().attention_scratch(segment.num_queries, segment.num_keys, head_size));
  }
  return plan;
}

// Queries, keys and values as columns of one or two tensors of rows.
struct Sources {
  at::Tensor queries, keys, values;  // views, (rows, H) each
};

Sources Split(const at::Tensor& queries, const at::Tensor& others, int64_t hidden) {
  // others: (rows, 3H) of query, key, value, or (rows, 2H) of key, value.
  const int64_t offset = others.size(1) - 2 * hidden;
  return {queries.narrow(1, 0, hidden), others.narrow(1, offset, hidden), others.narrow(1, offset + hidden, hidden)};
}

Attention Describe(const Sources& sources, const at::Tensor& output, int64_t num_heads, const Dropout& dropout) {
  Attention work{};
  work.queries = sources.queries.data_ptr();
  work.keys = sources.keys.data_ptr();
  work.values = sources.values.data_ptr();
  work.query_stride = sources.queries.stride(0);
  work.key_stride = sources.keys.stride(0);
  work.value_stride = sources.values.stride(0);
  work.output = output.data_ptr();
  work.output_stride = output.stride(0);
  work.num_heads = num_heads;
  work.head_size = sources.queries.size(1) / num_heads;
  work.dropout = dropout;
  return work;
}

// body(segment index, head, scratch) for all, in parallel.
template <typename Body>
void ForHeads(const Plan& plan, int64_t num_heads, const Body& body) {
  const auto tasks = static_cast<int64_t>(plan.segments.size()) * num_heads;
  at::parallel_for(0, tasks, 2, [&](int64_t first, int64_t last) {
    std::vector<float> scratch(static_cast<size_t>(plan.scratch));
    for (int64_t task = first; task < last; task++) {
      body(static_cast<size_t>(task / num_heads), task % num_heads, scratch.data());
    }
  });
}

at::Tensor Forward(const Sources& sources, const Plan& plan, int64_t num_heads, const Dropout& dropout,
                   const at::Tensor& probabilities) {
  const at::Tensor& queries = sources.queries;
  at::Tensor output = plan.covers_queries ? at::empty(queries.sizes(), queries.options())
                                          : at::zeros(queries.sizes(), queries.options());
  const Attention work = Describe(sources, output, num_heads, dropout);
  float* saved = probabilities.defined() ? probabilities.data_ptr<float>() : nullptr;
  const auto kernel = ActiveKernels().attention_forward[FormatOf(queries)];
  ForHeads(plan, num_heads, [&](size_t i, int64_t head, float* scratch) {
    const Segment& segment = plan.segments[i];
    const int64_t block = static_cast<int64_t>(segment.num_queries) * segment.num_keys;
    kernel(work, segment, head, saved == nullptr ? nullptr : saved + plan.places[i] + head * block, scratch);
  });
  return output;
}

void Backward(const Sources& sources, const Sources& gradients, const at::Tensor& above, const Plan& plan,
              int64_t num_heads, const Dropout& dropout, const at::Tensor& probabilities) {
  const Attention work = Describe(sources, above, num_heads, dropout);
  const AttentionGradients targets{gradients.queries.data_ptr(), gradients.keys.data_ptr(), gradients.values.data_ptr(),
                                   gradients.queries.stride(0),  gradients.keys.stride(0),  gradients.values.stride(0)};
  const float* saved = probabilities.data_ptr<float>();
  const auto kernel = ActiveKernels().attention_backward[FormatOf(above)];
  ForHeads(plan, num_heads, [&](size_t i, int64_t head, float* scratch) {
    const Segment& segment = plan.segments[i];
    const int64_t block = static_cast<int64_t>(segment.num_queries) * segment.num_keys;
    kernel(work, targets, segment, head, saved + plan.places[i] + head * block, scratch);
  });
}

// One function for both: `others` is the queries' own tensor in self-attention, then `queries` holds all three.
class AttentionFunction : public Function<AttentionFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& queries,
                            const c10::optional<at::Tensor>& optional_others, const at::Tensor& segments,
                            int64_t hidden, int64_t num_heads, double probability, bool records) {
    const at::Tensor others = optional_others.value_or(at::Tensor());
    const at::Tensor& context = others.defined() ? others : queries;
    const Sources sources = Split(queries, context, hidden);
    const Plan plan = MakePlan(segments, queries.size(0), context.size(0), num_heads, hidden / num_heads);
    const Dropout dropout = DrawDropout(probability);
    at::Tensor probabilities;
    if (records) {
      TORCH_CHECK(!plan.shares_keys,
                  "keys shared by several segments have no gradient here: lay them out once for each");
      probabilities = at::empty({plan.num_probabilities}, at::kFloat);
      ctx->saved_data["hidden"] = hidden;
      ctx->saved_data["num_heads"] = num_heads;
      ctx->saved_data["kept_scale"] = static_cast<double>(dropout.kept_scale);
      ctx->save_for_backward({queries, others, segments, probabilities});
    }
    return Forward(sources, plan, num_heads, dropout, probabilities);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &queries = saved[0], &others = saved[1], &segments = saved[2];
    const int64_t hidden = ctx->saved_data["hidden"].toInt();
    const int64_t num_heads = ctx->saved_data["num_heads"].toInt();
    Dropout dropout;
    dropout.kept_scale = static_cast<float>(ctx->saved_data["kept_scale"].toDouble());
    const at::Tensor& context = others.defined() ? others : queries;
    const Plan plan = MakePlan(segments, queries.size(0), context.size(0), num_heads, hidden / num_heads);
    const auto like = [](const at::Tensor& tensor, bool covered) {
      return covered ? at::empty_like(tensor) : at::zeros_like(tensor);
    };
    at::Tensor query_gradient = like(queries, plan.covers_queries && (others.defined() || plan.covers_keys));
    at::Tensor other_gradient = others.defined() ? like(others, plan.covers_keys) : at::Tensor();
    Backward(Split(queries, context, hidden),
             Split(query_gradient, others.defined() ? other_gradient : query_gradient, hidden),
             gradients[0].contiguous(), plan, num_heads, dropout, saved[3]);
    return {query_gradient, other_gradient, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

void CheckHeads(int64_t hidden, int64_t num_heads) {
  TORCH_CHECK(num_heads >= 1 && hidden % num_heads == 0, "rows of ", hidden, " values do not split into ", num_heads,
              " heads");
}

at::Tensor SelfAttention(const at::Tensor& projected, const at::Tensor& segments, int64_t num_heads, double dropout) {
  CheckRows(projected, "projected");
  TORCH_CHECK(projected.size(1) % 3 == 0, "rows hold query, key and value, but have ", projected.size(1), " values");
  const int64_t hidden = projected.size(1) / 3;
  CheckHeads(hidden, num_heads);
  return AttentionFunction::apply(projected.contiguous(), c10::optional<at::Tensor>(), segments, hidden, num_heads,
                                  dropout, Records({projected}));
}

at::Tensor CrossAttention(const at::Tensor& queries, const at::Tensor& keys_values, const at::Tensor& segments,
                          int64_t num_heads, double dropout) {
  CheckRows(queries, "queries");
  CheckRows(keys_values, "keys_values");
  const int64_t hidden = queries.size(1);
  TORCH_CHECK(keys_values.size(1) == 2 * hidden && keys_values.scalar_type() == queries.scalar_type(),
              "rows of keys and values must have twice the ", hidden, " values of a query, and its format");
  CheckHeads(hidden, num_heads);
  return AttentionFunction::apply(queries.contiguous(), c10::optional<at::Tensor>(keys_values.contiguous()), segments,
                                  hidden, num_heads, dropout, Records({queries, keys_values}));
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lxmert, library) {
  library.def("self_attention(Tensor projected, Tensor segments, int num_heads, float dropout) -> Tensor",
              &SelfAttention);
  library.def(
      "cross_attention(Tensor queries, Tensor keys_values, Tensor segments, int num_heads, float dropout) -> Tensor",
      &CrossAttention);
}

}  // namespace lxmert
