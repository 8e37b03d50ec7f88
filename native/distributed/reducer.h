// Sums gradients over all processes while the backward pass still runs.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "c10d.h"

namespace lxmert {

// Where a leaf's gradient lies.
struct LeafPlace {
  at::Tensor leaf;
  size_t buffer = 0;
  int64_t offset = 0;
  int64_t length = 0;
};

// Times of one step in milliseconds since Prepare.
struct ReducerTimes {
  std::vector<double> launches;     // of each bucket, in order
  std::vector<double> completions;  // of each bucket
  std::vector<int64_t> bytes;       // of each bucket, as sent
  double backward_end = 0;
  double waits_end = 0;
};

// Gradients lie in flat buffers. Ranges of them, the buckets, are summed one after the other, in an order that is the
// same on all processes: each starts as soon as it and all before it have their gradients. The order is the one in
// which gradients became ready on process 0 in an earlier step.
//
// A leaf without a gradient on any process in the last step is not waited for, and is not part of a bucket, in the
// next: its gradient, if there is one again, is summed at the end.
class Reducer : public std::enable_shared_from_this<Reducer> {
 public:
  // Gradients go through `group`, numbers of the processors through `host_group`; both may be one.
  Reducer(c10::intrusive_ptr<Collectives> group, c10::intrusive_ptr<Collectives> host_group,
          std::vector<at::Tensor> buffers, std::vector<LeafPlace> places, int64_t bucket_bytes, int rank);
  ~Reducer();
  // Registers for the leaves' gradients; once, after construction.
  void Listen();
  // The next backward pass is the one to sum after.
  void Prepare();
  // Sums what is left, and `extras`, and waits. A leaf with a gradient on any process has one afterwards; the others
  // have none.
  std::vector<double> Finish(std::vector<double> extras);
  // A leaf's gradient is whole; called from the backward pass.
  void Arrive(size_t index);

  ReducerTimes times() const { return times_; }
  // The first leaf of each bucket in the order of launch, and all that are in no bucket, for tests.
  std::vector<std::vector<int64_t>> BucketLeaves() const;
  // Leaks what running operations use; after a failure.
  void Abandon();

 private:
  struct Leaf {
    LeafPlace place;
    NodePointer accumulator;
    uintptr_t hook = 0;
    size_t bucket = 0;
    bool expected = true;
    bool arrived = false;
    // When its gradient was ready, among all leaves; numbers of process 0.
    int64_t position = 0;
  };
  struct Bucket {
    size_t buffer = 0;
    int64_t offset = 0;
    int64_t length = 0;
    int64_t position = 0;
    std::vector<size_t> leaves;
    size_t pending = 0;
    at::Tensor sent;
    WorkPointer work;
    std::shared_ptr<double> completion;
  };

  void MakeBuckets();
  void Launch(Bucket& bucket);
  void LaunchReady();
  at::Tensor Slice(const LeafPlace& place) const;
  // Whether the leaf has a gradient; it then lies in the buffer.
  bool Settle(Leaf& leaf);
  // What is sent of a range of gradients: itself, or what the group can add.
  at::Tensor Sendable(const at::Tensor& range) const;
  static WorkPointer Sum(Collectives& group, const at::Tensor& tensor);
  void TakeResult(Leaf& leaf, bool has_gradient);
  void AgreeOnOrder();
  double Now() const;

  c10::intrusive_ptr<Collectives> group_;
  c10::intrusive_ptr<Collectives> host_group_;
  std::vector<at::Tensor> buffers_;
  std::vector<Leaf> leaves_;
  std::vector<Bucket> buckets_;
  const int64_t bucket_bytes_;
  const int rank_;
  std::mutex mutex_;
  bool listening_ = false;
  bool order_known_ = false;
  size_t num_launched_ = 0;
  int64_t num_arrived_ = 0;
  int64_t begin_ = 0;
  ReducerTimes times_;
};

}  // namespace lxmert
