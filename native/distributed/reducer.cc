// Gradients in buckets, each summed over all processes as soon as the backward pass has filled it.
#include "reducer.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "../operators/parameters.h"

namespace lxmert {
namespace {

struct ArrivalHook : torch::autograd::FunctionPostHook {
  ArrivalHook(std::weak_ptr<Reducer> reducer, size_t index) : reducer(std::move(reducer)), index(index) {}

  torch::autograd::variable_list operator()(const torch::autograd::variable_list& outputs,
                                            const torch::autograd::variable_list& inputs) override {
    if (const auto alive = reducer.lock()) alive->Arrive(index);
    return outputs;
  }

  std::weak_ptr<Reducer> reducer;
  size_t index;
};

int64_t Nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Reducer::Reducer(c10::intrusive_ptr<Collectives> group, c10::intrusive_ptr<Collectives> host_group,
                 std::vector<at::Tensor> buffers, std::vector<LeafPlace> places, int64_t bucket_bytes, int rank)
    : group_(std::move(group)),
      host_group_(std::move(host_group)),
      buffers_(std::move(buffers)),
      bucket_bytes_(bucket_bytes),
      rank_(rank) {
  const auto num_leaves = static_cast<int64_t>(places.size());
  for (LeafPlace& place : places) {
    TORCH_CHECK(place.buffer < buffers_.size() && place.offset >= 0 &&
                    place.offset + place.length <= buffers_[place.buffer].numel() && place.length == place.leaf.numel(),
                "a leaf's place is not in its buffer");
    Leaf leaf;
    // Until the order is known: the reverse of the forward pass.
    leaf.position = num_leaves - static_cast<int64_t>(leaves_.size());
    leaf.place = std::move(place);
    leaf.accumulator = torch::autograd::impl::grad_accumulator(leaf.place.leaf);
    leaves_.push_back(std::move(leaf));
  }
  MakeBuckets();
}

Reducer::~Reducer() {
  for (Leaf& leaf : leaves_) {
    if (leaf.accumulator && leaf.hook != 0) leaf.accumulator->del_post_hook(leaf.hook);
  }
}

void Reducer::Listen() {
  for (size_t i = 0; i < leaves_.size(); i++) {
    leaves_[i].hook = leaves_[i].accumulator->add_post_hook(std::make_unique<ArrivalHook>(weak_from_this(), i));
  }
}

double Reducer::Now() const { return static_cast<double>(Nanoseconds() - begin_) / 1e6; }

at::Tensor Reducer::Slice(const LeafPlace& place) const {
  return buffers_[place.buffer].narrow(0, place.offset, place.length).view(place.leaf.sizes());
}

// Neighbours in a buffer that are waited for, from its end, as many as fit.
void Reducer::MakeBuckets() {
  buckets_.clear();
  std::vector<size_t> order(leaves_.size());
  for (size_t i = 0; i < order.size(); i++) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const LeafPlace &left = leaves_[a].place, &right = leaves_[b].place;
    return left.buffer != right.buffer ? left.buffer < right.buffer : left.offset > right.offset;
  });
  bool open = false;
  for (const size_t index : order) {
    const Leaf& leaf = leaves_[index];
    if (!leaf.expected) {
      open = false;
      continue;
    }
    const LeafPlace& place = leaf.place;
    if (open) {
      const Bucket& last = buckets_.back();
      const int64_t length = last.offset + last.length - place.offset;
      const int64_t bytes = length * static_cast<int64_t>(buffers_[place.buffer].element_size());
      open = last.buffer == place.buffer && bytes <= bucket_bytes_;
    }
    if (!open) {
      Bucket bucket;
      bucket.buffer = place.buffer;
      bucket.offset = place.offset + place.length;
      buckets_.push_back(std::move(bucket));
      open = true;
    }
    Bucket& bucket = buckets_.back();
    bucket.length = bucket.offset + bucket.length - place.offset;
    bucket.offset = place.offset;
    bucket.position = std::max(bucket.position, leaf.position);
    bucket.leaves.push_back(index);
  }
  std::stable_sort(buckets_.begin(), buckets_.end(),
                   [](const Bucket& a, const Bucket& b) { return a.position < b.position; });
  for (size_t i = 0; i < buckets_.size(); i++) {
    for (const size_t index : buckets_[i].leaves) leaves_[index].bucket = i;
  }
}

void Reducer::Prepare() {
  const std::lock_guard<std::mutex> lock(mutex_);
  begin_ = Nanoseconds();
  times_ = ReducerTimes();
  num_launched_ = 0;
  num_arrived_ = 0;
  for (Leaf& leaf : leaves_) leaf.arrived = false;
  for (Bucket& bucket : buckets_) {
    bucket.pending = bucket.leaves.size();
    bucket.work.reset();
    bucket.sent.reset();
  }
  listening_ = true;
}

bool Reducer::Settle(Leaf& leaf) {
  const at::Tensor& parameter = leaf.place.leaf;
  if (!parameter.grad().defined()) return false;
  if (!parameter.grad().is_alias_of(buffers_[leaf.place.buffer])) {
    const at::Tensor slice = Slice(leaf.place);
    slice.copy_(parameter.grad());
    parameter.mutable_grad() = slice;
  }
  return true;
}

WorkPointer Reducer::Sum(Collectives& group, const at::Tensor& tensor) {
  std::vector<at::Tensor> tensors = {tensor};
  return group.allreduce(tensors);
}

at::Tensor Reducer::Sendable(const at::Tensor& range) const {
  // A group of its own for gradients takes them where they are, as they are.
  if (group_ != host_group_) return range;
  // Gloo reads the processor's memory, cannot add numbers of 16 bits, and each of its hops would round.
  const bool is_plain = range.is_cpu() && range.scalar_type() == at::kFloat;
  return is_plain ? range : range.to(at::TensorOptions().device(at::kCPU).dtype(at::kFloat));
}

void Reducer::Launch(Bucket& bucket) {
  const at::Tensor range = buffers_[bucket.buffer].narrow(0, bucket.offset, bucket.length);
  bucket.sent = Sendable(range);
  times_.launches.push_back(Now());
  times_.bytes.push_back(static_cast<int64_t>(bucket.sent.nbytes()));
  bucket.completion = std::make_shared<double>(0);
  bucket.work = Sum(*group_, bucket.sent);
  // On a GPU the work is done when its stream comes to it, which nobody waits for.
  if (!bucket.sent.is_cpu()) return;
  // It runs before wait() returns: libtorch tells the future first.
  bucket.work->getFuture()->addCallback([begin = begin_, completion = bucket.completion](c10::ivalue::Future&) {
    *completion = static_cast<double>(Nanoseconds() - begin) / 1e6;
  });
}

void Reducer::LaunchReady() {
  while (num_launched_ < buckets_.size() && buckets_[num_launched_].pending == 0) Launch(buckets_[num_launched_++]);
}

void Reducer::Arrive(size_t index) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Leaf& leaf = leaves_[index];
  if (!listening_ || leaf.arrived) return;
  const at::NoGradGuard no_grad;
  leaf.arrived = true;
  num_arrived_++;
  // Process 0's count is the one that is used.
  if (rank_ == 0 && !order_known_) leaf.position = num_arrived_;
  if (!leaf.expected) return;
  if (!Settle(leaf)) Slice(leaf.place).zero_();
  buckets_[leaf.bucket].pending--;
  LaunchReady();
}

std::vector<double> Reducer::Finish(std::vector<double> extras) {
  const at::NoGradGuard no_grad;
  // The backward pass is over: no hook runs beside this.
  listening_ = false;
  times_.backward_end = Now();
  for (Bucket& bucket : buckets_) {
    for (const size_t index : bucket.leaves) {
      Leaf& leaf = leaves_[index];
      if (!leaf.arrived && !Settle(leaf)) Slice(leaf.place).zero_();
    }
    bucket.pending = 0;
  }
  LaunchReady();

  // Who has a gradient, and the caller's numbers, in one small sum.
  std::vector<double> numbers;
  for (Leaf& leaf : leaves_) numbers.push_back(Settle(leaf) ? 1 : 0);
  numbers.insert(numbers.end(), extras.begin(), extras.end());
  const at::Tensor result = at::tensor(numbers, at::kDouble);
  // First what this thread waits for, so that a process that is gone is noticed: on a GPU the others only queue.
  Sum(*host_group_, result)->wait();
  for (Bucket& bucket : buckets_) {
    bucket.work->wait();
    if (!bucket.sent.is_alias_of(buffers_[bucket.buffer])) {
      buffers_[bucket.buffer].narrow(0, bucket.offset, bucket.length).copy_(bucket.sent);
    }
    times_.completions.push_back(*bucket.completion);
    bucket.sent.reset();
    bucket.work.reset();
  }
  const double* sums = result.data_ptr<double>();

  bool changed = !order_known_;
  for (size_t i = 0; i < leaves_.size(); i++) {
    Leaf& leaf = leaves_[i];
    const bool has_gradient = sums[i] > 0;
    if (has_gradient && !leaf.expected) {
      const at::Tensor slice = Slice(leaf.place);
      if (numbers[i] == 0) slice.zero_();
      const at::Tensor sent = Sendable(slice);
      Sum(*group_, sent)->wait();
      if (!sent.is_alias_of(slice)) slice.copy_(sent);
    }
    TakeResult(leaf, has_gradient);
    changed = changed || has_gradient != leaf.expected;
    leaf.expected = has_gradient;
  }
  if (changed) AgreeOnOrder();
  times_.waits_end = Now();
  return std::vector<double>(sums + leaves_.size(), sums + leaves_.size() + extras.size());
}

void Reducer::TakeResult(Leaf& leaf, bool has_gradient) {
  const at::Tensor& parameter = leaf.place.leaf;
  if (!has_gradient) {
    parameter.mutable_grad() = at::Tensor();
    return;
  }
  if (!parameter.grad().defined()) parameter.mutable_grad() = Slice(leaf.place);
  // Rows that only other processes read have a gradient here now too.
  if (ParameterBuffers* buffers = BuffersOf(parameter)) buffers->all_touched = true;
}

void Reducer::AgreeOnOrder() {
  std::vector<int64_t> positions;
  for (const Leaf& leaf : leaves_) positions.push_back(leaf.position);
  const at::Tensor order = at::tensor(positions, at::kLong);
  std::vector<at::Tensor> tensors = {order};
  host_group_->broadcast(tensors, c10d::BroadcastOptions())->wait();
  for (size_t i = 0; i < leaves_.size(); i++) leaves_[i].position = order.data_ptr<int64_t>()[i];
  order_known_ = true;
  MakeBuckets();
}

std::vector<std::vector<int64_t>> Reducer::BucketLeaves() const {
  std::vector<std::vector<int64_t>> result;
  for (const Bucket& bucket : buckets_) result.emplace_back(bucket.leaves.begin(), bucket.leaves.end());
  return result;
}

void Reducer::Abandon() {
  new c10::intrusive_ptr<Collectives>(group_);
  new c10::intrusive_ptr<Collectives>(host_group_);
  new std::vector<at::Tensor>(buffers_);
  for (Bucket& bucket : buckets_) new std::pair<WorkPointer, at::Tensor>(bucket.work, bucket.sent);
}

}  // namespace lxmert
