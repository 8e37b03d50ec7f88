// The crew: how threads come to a run, share its tasks, and wait.
#include "crew.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "futex.h"

namespace lxmert {

CrewPatience Crew::patience;

namespace {

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
};

void WaitForPhase(PhaseState& state, uint32_t num_tasks) {
  const auto is_done = [&] { return state.done.load(std::memory_order_acquire) == num_tasks; };
  if (SpinUntil(Crew::patience.phase_end, is_done)) return;
  state.num_asleep.fetch_add(1);
  for (uint32_t done = state.done.load(); done != num_tasks; done = state.done.load()) FutexWait(state.done, done);
  state.num_asleep.fetch_sub(1);
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
    if (worker == 0 || i + 1 < num_phases) WaitForPhase(state, num_tasks);
  }
}

void RunAlone(const Phase* phases, int64_t num_phases) {
  for (int64_t i = 0; i < num_phases; i++) {
    for (int64_t task = 0; task < phases[i].num_tasks; task++) phases[i].body(phases[i].context, task, 0);
  }
}

// The threads live as long as the process and keep nothing from ending: what they use is never destroyed.
class Threads {
 public:
  static Threads& Instance() {
    static Threads* threads = new Threads;
    return *threads;
  }

  bool Enter() { return !is_taken_.test_and_set(std::memory_order_acquire); }
  void Leave() { is_taken_.clear(std::memory_order_release); }

  // For who has entered.
  void Run(const Phase* phases, int64_t num_phases, int num_threads) {
    const auto run = std::make_shared<RunState>(phases, num_phases, num_threads);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      run_ = run;
    }
    generation_.fetch_add(1);
    if (num_asleep_.load() > 0) FutexWakeAll(generation_);
    Grow(num_threads - 1);
    TakePart(*run, 0);
  }

 private:
  void Grow(int count) {
    if (num_threads_ >= count) return;
    // Signals are for the threads of the program.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      for (; num_threads_ < count; num_threads_++) {
        std::thread thread([this, worker = num_threads_ + 1] { Serve(worker); });
        pthread_setname_np(thread.native_handle(), "lxmert-crew");
        thread.detach();
      }
    } catch (const std::system_error&) {
      // No further thread is allowed here: those that are there do the work.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void Serve(int worker) {
    for (uint32_t seen = 0;;) {
      AwaitChange(seen);
      seen = generation_.load();
      std::shared_ptr<RunState> run;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        run = run_;
      }
      if (run != nullptr && worker < run->num_threads) TakePart(*run, worker);
    }
  }

  void AwaitChange(uint32_t seen) {
    if (SpinUntil(Crew::patience.idle, [&] { return generation_.load(std::memory_order_acquire) != seen; })) return;
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
};

}  // namespace

int Crew::ThreadsForRun(const Phase* phases, int64_t num_phases, int wanted) {
  int64_t most = 0;
  for (int64_t i = 0; i < num_phases; i++) most = phases[i].num_tasks > most ? phases[i].num_tasks : most;
  return most < wanted ? static_cast<int>(most) : wanted;
}

void Crew::Run(const Phase* phases, int64_t num_phases, int num_threads) {
  num_threads = ThreadsForRun(phases, num_phases, num_threads);
  Threads& threads = Threads::Instance();
  if (num_threads <= 1 || !threads.Enter()) {
    RunAlone(phases, num_phases);
    return;
  }
  threads.Run(phases, num_phases, num_threads);
  threads.Leave();
}

}  // namespace lxmert
