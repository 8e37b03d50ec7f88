// With how many threads the crew computes on processors that it does not have for itself.
//
// A thread that shares its processor with another program is stopped for milliseconds in the middle of a task, and all
// wait for it: two threads on two processors, one of them taken, are slower than one, which the system gives the free
// processor. And where a quota of processor time is spent, all threads are stopped until the next period begins.
#pragma once

#include <cstdint>

namespace lxmert {

// What the system counts of threads, in nanoseconds, since some moment.
struct CrewTimes {
  int64_t caller_computed = 0;
  int64_t caller_waited = 0;  // ready, and without a processor
  int64_t others_waited = 0;
  int64_t others_computed = 0;
};

// Takes threads away where they do no more than fewer would, for want of processors, and tries now and then whether
// there is one again. All times in nanoseconds. For one thread at a time.
class CrewSize {
 public:
  // For a run that begins now and may have `wanted` threads.
  int Choose(int wanted, int64_t now);

  // A run has ended that took so long. times() gives CrewTimes; asked at the beginning and at the end of what is judged
  // at once. True where the caller should go to another processor: it waits more for its own than the others do for
  // theirs, and all of them wait for it.
  template <typename Times>
  bool Note(int num_threads, int64_t now, int64_t took, const Times& times) {
    if (!has_begun_) {
      has_begun_ = true;
      before_ = times();
      return false;
    }
    took_ += took;
    return took_ >= kWindow && Judge(num_threads, now, times());
  }

  // What was noted last is not judged: what comes is another caller's.
  void BeginAgain() {
    has_begun_ = false;
    took_ = 0;
  }

 private:
  // So much computing is judged at once. The system gives a thread that shares its processor slices of 3 to 4 ms.
  static constexpr int64_t kWindow = 10000000;

  bool Judge(int num_threads, int64_t now, const CrewTimes& after);
  int most_ = INT32_MAX;
  bool is_trying_ = false;
  int64_t rest_ = 0;
  int64_t rest_until_ = 0;
  // What the larger crew had of processors before threads were taken away; 0 when that was judged already.
  double computed_by_more_ = 0;
  int more_ = 0;
  int64_t keep_until_ = 0;
  // Of the runs that are judged next.
  bool has_begun_ = false;
  CrewTimes before_;
  int64_t took_ = 0;
};

// Spends a quota that the last thread has a part of in even portions: all threads for a while, then one fewer, so that
// they are never stopped. For one thread at a time.
class QuotaPace {
 public:
  // Processors' worth of time that this process may take; 0 without a quota.
  void SetQuota(double processors) { quota_ = processors; }
  bool HasQuota() const { return quota_ > 0; }

  // For a run that begins now and may have `wanted` threads. spent: processor time of this process so far.
  int Choose(int wanted, int64_t now, int64_t spent);

 private:
  double quota_ = 0;
  double saved_ = 0;
  bool is_saving_ = false;
  int64_t now_ = 0;
  int64_t spent_ = 0;
};

}  // namespace lxmert
