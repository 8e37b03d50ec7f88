// Checks native/engine/crew_size.cc against machines that are made up here: `crewSize` ends with 0 when all holds.
#include "crew_size.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

using lxmert::CrewSize;
using lxmert::CrewTimes;
using lxmert::QuotaPace;

namespace {

constexpr int64_t kMillisecond = 1000000;

void Expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "It does not hold that %s.\n", what);
  std::exit(1);
}

// A machine on which runs of a millisecond follow each other, and what its system counts.
struct Machine {
  CrewSize size;
  CrewTimes times;
  int64_t now = 1;
  // Shares of a run in which the caller waits, and all others together wait and compute.
  double caller_waits = 0, others_wait = 0, others_compute = 1;
  // Of the caller when it computes alone.
  double waits_alone = 0;

  bool should_move = false;

  int Run(int wanted) {
    const int threads = size.Choose(wanted, now);
    now += kMillisecond;
    const double waits = threads == 1 ? waits_alone : caller_waits;
    times.caller_waited += static_cast<int64_t>(waits * kMillisecond);
    times.caller_computed += static_cast<int64_t>((1 - waits) * kMillisecond);
    if (threads > 1) {
      times.others_waited += static_cast<int64_t>(others_wait * kMillisecond);
      times.others_computed += static_cast<int64_t>(others_compute * kMillisecond);
    }
    should_move = size.Note(threads, now, kMillisecond, [this] { return times; });
    return threads;
  }

  // Runs with fewer threads than wanted, of so many milliseconds.
  int NumReduced(int wanted, int milliseconds) {
    int reduced = 0;
    for (int i = 0; i < milliseconds; i++) reduced += Run(wanted) < wanted ? 1 : 0;
    return reduced;
  }
};

void TestSize() {
  Machine quiet;
  Expect(quiet.NumReduced(2, 1000) == 0, "all threads compute on a quiet machine");

  Machine idle;
  idle.others_compute = 0.05;
  Expect(idle.NumReduced(2, 1000) == 0, "threads that have nothing to do are not taken for threads without a processor");

  Machine shared;  // one of two processors is taken, the threads stay apart and share out their work
  shared.others_wait = 0.4;
  shared.others_compute = 0.6;
  Expect(shared.NumReduced(2, 1000) == 0, "a thread with a part of a processor goes on");

  Machine behind;  // the caller shares its processor
  behind.caller_waits = 0.5;
  bool has_moved = false;
  for (int i = 0; i < 50; i++) {
    behind.Run(2);
    has_moved = has_moved || behind.should_move;
  }
  Expect(has_moved, "a caller who waits goes to another processor");

  Machine crowded;  // both threads share one processor
  crowded.caller_waits = crowded.others_wait = 0.5;
  crowded.others_compute = 0.5;
  const int reduced = crowded.NumReduced(2, 10000);
  Expect(crowded.Run(2) == 1 || reduced > 9000, "one thread computes where two have one processor");
  Expect(reduced < 10000, "it is tried again");
  crowded.caller_waits = crowded.others_wait = 0;
  crowded.others_compute = 1;
  crowded.NumReduced(2, 2000);
  Expect(crowded.NumReduced(2, 1000) == 0, "all compute again when the processors are free");

  Machine full;  // other programs on both processors: each thread has a third of one
  full.caller_waits = full.waits_alone = 0.67;
  full.others_wait = 0.67;
  full.others_compute = 0.33;
  Expect(full.NumReduced(2, 2000) < 200, "two threads go on where one would have no more than its part");

  // Ten of sixty-four processors taken: each thread too many shares one with another program.
  Machine large;
  for (int i = 0; i < 200; i++) {
    const int too_many = std::max(0, std::min(64, large.size.Choose(64, large.now)) - 54);
    large.others_wait = too_many / 2.0;
    large.others_compute = 53 + too_many / 2.0;
    large.Run(64);
  }
  Expect(std::abs(large.Run(64) - 54) <= 4, "as many threads compute as processors are free");

  Machine uneven;  // much waiting for work, a little for processors
  uneven.others_wait = 0.3;
  uneven.others_compute = 50;
  Expect(uneven.NumReduced(64, 1000) == 0, "want of work is not taken for want of processors");
}

void TestPace() {
  QuotaPace none;
  Expect(!none.HasQuota(), "there is no quota at first");
  for (const double quota : {1.5, 0.5, 2.25, 3.0}) {
    const int wanted = static_cast<int>(std::ceil(quota));
    QuotaPace pace;
    pace.SetQuota(quota);
    int64_t now = 1, spent = 0, most = 0;
    double threads = 0;
    int64_t before[101] = {};
    for (int i = 0; i < 10000; i++) {
      const int chosen = pace.Choose(wanted, now, spent);
      Expect(chosen >= 1 && chosen <= wanted, "threads are from 1 to the wanted number");
      threads += chosen;
      now += kMillisecond;
      spent += chosen * kMillisecond;
      // Of any 100 ms.
      if (i >= 100) most = std::max(most, spent - before[(i + 1) % 101]);
      before[i % 101] = spent;
    }
    if (quota < 1) continue;
    Expect(std::abs(threads / 10000 - quota) < 0.02, "the quota is spent, and no more");
    Expect(static_cast<double>(most) < (100 * quota + 22) * kMillisecond, "no tenth of a second takes much more");
  }
}

}  // namespace

int main() {
  TestSize();
  TestPace();
  return 0;
}
