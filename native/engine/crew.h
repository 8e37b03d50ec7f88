// A crew of threads that shares out tasks one at a time, for computing that must go on when a processor is taken away.
//
// OpenMP gives each thread its share beforehand and every region ends when the last thread has done its own: on a busy
// machine all wait for the one that is not scheduled. Here a thread takes the next task when it has done one, the
// caller among them, and nobody ever waits for a task that nobody has begun.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace lxmert {

// Tasks that may be done in any order and at once. The next phase of a run begins when all are done.
struct Phase {
  int64_t num_tasks;
  // worker: 0 for the caller, below the number of threads. Must not throw.
  void (*body)(const void* context, int64_t task, int worker);
  const void* context;
};

// A phase of a callable (task, worker) that outlives the run.
template <typename Body>
Phase PhaseOf(int64_t num_tasks, const Body& body) {
  return {num_tasks,
          [](const void* context, int64_t task, int worker) { (*static_cast<const Body*>(context))(task, worker); },
          &body};
}

class Crew {
 public:
  // Runs the phases one after the other with up to `num_threads` threads, the calling one included, and returns when
  // all is done. Where another thread has the crew, or there is nothing to share, the caller computes alone.
  static void Run(const Phase* phases, int64_t num_phases, int num_threads);

  static void Run(std::initializer_list<Phase> phases, int num_threads) {
    Run(phases.begin(), static_cast<int64_t>(phases.size()), num_threads);
  }

  // body(task, worker) for all tasks.
  template <typename Body>
  static void RunTasks(int64_t num_tasks, int num_threads, const Body& body) {
    const Phase phase = PhaseOf(num_tasks, body);
    Run(&phase, 1, num_threads);
  }

  // Whether runs have fewer threads than they may have where other programs or a quota keep threads from their
  // processors (crew_size.h); quota: processors' worth of time that this process may take, 0 without one.
  static void Adapt(bool adapts, double quota);
};

}  // namespace lxmert
