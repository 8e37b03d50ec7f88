// The crew: how threads come to a run, share its tasks, and wait.
#include "crew.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "background_thread.h"
#include "crew_size.h"
#include "futex.h"

namespace lxmert {

namespace {

// How long a thread looks on before it sleeps, in microseconds: at the end of a phase, and idle between two runs. A
// thread that sleeps takes some tens of microseconds to come back; one that looks on takes a processor from others.
constexpr int64_t kPhaseEndPatience = 50;
constexpr int64_t kIdlePatience = 50;

// Each in a cache line of its own: all threads write to them.
struct alignas(64) PhaseState {
  std::atomic<int64_t> next{0};  // the first task that nobody has taken
  alignas(64) std::atomic<uint32_t> done{0};
  std::atomic<uint32_t> num_asleep{0};
};

// A run outlives its call where a thread comes late: it then finds every task taken and touches nothing of the
// caller's.
struct RunState {
  RunState(const Phase* first, int64_t num_phases, int threads)
      : phases(first, first + num_phases),
        states(new PhaseState[static_cast<size_t>(num_phases)]),
        num_threads(threads) {}

  std::vector<Phase> phases;
  std::unique_ptr<PhaseState[]> states;
  int num_threads;
  std::atomic<int> caller_processor{sched_getcpu()};
};

int64_t Nanoseconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return int64_t{1000000000} * time.tv_sec + time.tv_nsec;
}

struct ThreadTimes {
  int64_t computed = 0;
  int64_t waited = 0;
};

// What the system counts of the thread of an open /proc/.../schedstat, in nanoseconds; nothing where it does not.
ThreadTimes TimesOf(int schedstat) {
  char text[96];
  const ssize_t length = pread(schedstat, text, sizeof(text) - 1, 0);
  if (length <= 0) return {};
  text[length] = 0;
  char* rest = nullptr;
  const int64_t computed = strtoll(text, &rest, 10);
  return {computed, strtoll(rest, nullptr, 10)};
}

int OpenOwnSchedstat() { return open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC); }

// Moves this thread to another processor. The system wakes a thread beside the one that woke it where no processor is
// idle, and may leave both there for long.
void LeaveProcessor(int processor) {
  cpu_set_t usable;
  if (sched_getaffinity(0, sizeof(usable), &usable) != 0 || CPU_COUNT(&usable) < 2) return;
  cpu_set_t others = usable;
  CPU_CLR(processor, &others);
  if (sched_setaffinity(0, sizeof(others), &others) == 0) sched_setaffinity(0, sizeof(usable), &usable);
}

// Returns whether this thread has slept meanwhile.
bool WaitForPhase(PhaseState& state, uint32_t num_tasks) {
  const auto is_done = [&] { return state.done.load(std::memory_order_acquire) == num_tasks; };
  if (SpinUntil(kPhaseEndPatience, is_done)) return false;
  state.num_asleep.fetch_add(1);
  for (uint32_t done = state.done.load(); done != num_tasks; done = state.done.load()) FutexWait(state.done, done);
  state.num_asleep.fetch_sub(1);
  return true;
}

// For a thread that was woken.
void KeepFromCaller(const RunState& run) {
  const int caller = run.caller_processor.load(std::memory_order_relaxed);
  if (sched_getcpu() == caller) LeaveProcessor(caller);
}

// Takes part in a run. The caller waits for the end of the last phase, the others only between phases.
void TakePart(RunState& run, int worker) {
  const size_t num_phases = run.phases.size();
  for (size_t i = 0; i < num_phases; i++) {
    const Phase& phase = run.phases[i];
    PhaseState& state = run.states[i];
    const auto num_tasks = static_cast<uint32_t>(phase.num_tasks);
    for (;;) {
      const int64_t task = state.next.fetch_add(1, std::memory_order_relaxed);
      if (task >= phase.num_tasks) break;
      phase.body(phase.context, task, worker);
      if (state.done.fetch_add(1) + 1 == num_tasks && state.num_asleep.load() > 0) FutexWakeAll(state.done);
    }
    if (worker == 0) {
      if (WaitForPhase(state, num_tasks)) run.caller_processor.store(sched_getcpu(), std::memory_order_relaxed);
    } else if (i + 1 < num_phases && WaitForPhase(state, num_tasks)) {
      KeepFromCaller(run);
    }
  }
}

void RunAlone(const Phase* phases, int64_t num_phases) {
  for (int64_t i = 0; i < num_phases; i++) {
    for (int64_t task = 0; task < phases[i].num_tasks; task++) phases[i].body(phases[i].context, task, 0);
  }
}

// Whether threads get their processors is asked of so many of them at most.
constexpr int kMostWatched = 64;

// The threads live as long as the process and keep nothing from ending: what they use is never destroyed.
class Threads {
 public:
  static Threads& Instance() {
    static Threads* threads = new Threads;
    return *threads;
  }

  bool Enter() { return !is_taken_.test_and_set(std::memory_order_acquire); }
  void Leave() { is_taken_.clear(std::memory_order_release); }

  // For who has entered: how many threads there are for a run.
  int Choose(int wanted) {
    if (!adapts_.load(std::memory_order_relaxed)) return wanted;
    const int64_t now = Nanoseconds(CLOCK_MONOTONIC);
    const int chosen = size_.Choose(wanted, now);
    if (chosen <= 1 || !pace_.HasQuota()) return chosen;
    return pace_.Choose(chosen, now, Nanoseconds(CLOCK_PROCESS_CPUTIME_ID));
  }

  void Adapt(bool adapts, double quota) {
    while (!Enter()) std::this_thread::yield();
    size_ = CrewSize();
    pace_ = QuotaPace();
    pace_.SetQuota(quota);
    adapts_.store(adapts);
    Leave();
  }

  // For who has entered.
  void Run(const Phase* phases, int64_t num_phases, int num_threads) {
    const int64_t start = Nanoseconds(CLOCK_MONOTONIC);
    const auto run = std::make_shared<RunState>(phases, num_phases, num_threads);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      run_ = run;
    }
    generation_.fetch_add(1);
    if (num_asleep_.load() > 0) FutexWakeAll(generation_);
    Grow(num_threads - 1);
    TakePart(*run, 0);
    Note(num_threads, start);
  }

  void RunAlone(const Phase* phases, int64_t num_phases) {
    const int64_t start = Nanoseconds(CLOCK_MONOTONIC);
    lxmert::RunAlone(phases, num_phases);
    Note(1, start);
  }

 private:
  // Of a run that began then and ends now.
  void Note(int num_threads, int64_t start) {
    if (!adapts_.load(std::memory_order_relaxed)) return;
    const pthread_t caller = pthread_self();
    if (!pthread_equal(caller, caller_)) size_.BeginAgain();
    caller_ = caller;
    const int64_t now = Nanoseconds(CLOCK_MONOTONIC);
    if (size_.Note(num_threads, now, now - start, [&] { return Times(num_threads); })) LeaveProcessor(sched_getcpu());
  }

  void Grow(int count) {
    for (; num_threads_ < count; num_threads_++) {
      // Where no further thread is allowed those that are there do the work.
      if (!StartBackgroundThread("lxmert-crew", [this, worker = num_threads_ + 1] { Serve(worker); })) return;
    }
  }

  // Of the calling thread and those with it, since they began.
  CrewTimes Times(int num_threads) {
    CrewTimes times;
    const int own = OpenOwnSchedstat();
    if (own < 0) return times;
    const ThreadTimes caller = TimesOf(own);
    times.caller_computed = caller.computed;
    times.caller_waited = caller.waited;
    close(own);
    const int num_watched = std::min(num_threads - 1, kMostWatched);
    for (int i = 0; i < num_watched; i++) {
      const int schedstat = schedstats_[i].load();
      if (schedstat <= 0) continue;
      const ThreadTimes other = TimesOf(schedstat);
      times.others_computed += other.computed;
      times.others_waited += other.waited;
    }
    if (num_watched == 0) return times;
    // Of those that are not watched the same is supposed.
    times.others_computed = times.others_computed / num_watched * (num_threads - 1);
    times.others_waited = times.others_waited / num_watched * (num_threads - 1);
    return times;
  }

  void Serve(int worker) {
    if (worker <= kMostWatched) schedstats_[worker - 1].store(OpenOwnSchedstat());
    for (uint32_t seen = 0;;) {
      AwaitChange(seen);
      seen = generation_.load();
      std::shared_ptr<RunState> run;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        run = run_;
      }
      if (run == nullptr || worker >= run->num_threads) continue;
      KeepFromCaller(*run);
      TakePart(*run, worker);
    }
  }

  void AwaitChange(uint32_t seen) {
    if (SpinUntil(kIdlePatience, [&] { return generation_.load(std::memory_order_acquire) != seen; })) return;
    num_asleep_.fetch_add(1);
    while (generation_.load() == seen) FutexWait(generation_, seen);
    num_asleep_.fetch_sub(1);
  }

  std::atomic_flag is_taken_ = ATOMIC_FLAG_INIT;
  std::mutex mutex_;  // of run_, held for a copy of the pointer
  std::shared_ptr<RunState> run_;
  std::atomic<uint32_t> generation_{0};
  std::atomic<uint32_t> num_asleep_{0};
  int num_threads_ = 0;
  std::atomic<bool> adapts_{false};
  CrewSize size_;
  pthread_t caller_{};  // of the last run
  QuotaPace pace_;
  // Of the threads but the calling one.
  std::atomic<int> schedstats_[kMostWatched] = {};
};

}  // namespace

void Crew::Adapt(bool adapts, double quota) { Threads::Instance().Adapt(adapts, quota); }

void Crew::Run(const Phase* phases, int64_t num_phases, int num_threads) {
  int64_t most = 0;
  for (int64_t i = 0; i < num_phases; i++) most = phases[i].num_tasks > most ? phases[i].num_tasks : most;
  if (most < num_threads) num_threads = static_cast<int>(most);
  Threads& threads = Threads::Instance();
  if (num_threads <= 1 || !threads.Enter()) {
    RunAlone(phases, num_phases);
    return;
  }
  num_threads = threads.Choose(num_threads);
  if (num_threads > 1)
    threads.Run(phases, num_phases, num_threads);
  else
    threads.RunAlone(phases, num_phases);
  threads.Leave();
}

}  // namespace lxmert
