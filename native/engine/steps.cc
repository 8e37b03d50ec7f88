// Chains of task sets: one behind the other, one beside the other, and as phases of a run.
#include "steps.h"

#include <iterator>
#include <utility>

#include "crew.h"

namespace lxmert {
namespace {

// Both sets as one, their tasks evenly mixed.
TaskSet Interleave(TaskSet a, TaskSet b) {
  if (a.num_tasks == 0) return b;
  if (b.num_tasks == 0) return a;
  const int64_t total = a.num_tasks + b.num_tasks, of_a = a.num_tasks;
  return {total, [a = std::move(a.body), b = std::move(b.body), total, of_a](int64_t task, int worker) {
            const int64_t before = task * of_a / total, after = (task + 1) * of_a / total;
            if (after > before)
              a(before, worker);
            else
              b(task - before, worker);
          }};
}

}  // namespace

void Append(Steps& steps, Steps more) {
  steps.insert(steps.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Steps Beside(Steps a, Steps b) {
  if (a.size() < b.size()) return Beside(std::move(b), std::move(a));
  const size_t length = a.size(), shorter = b.size();
  size_t next = 0;
  for (size_t i = 0; i < length; i++) {
    if ((i + 1) * shorter / length > next) a[i] = Interleave(std::move(a[i]), std::move(b[next++]));
  }
  return a;
}

void RunSteps(const Steps& steps, int num_threads) {
  std::vector<Phase> phases;
  phases.reserve(steps.size());
  for (const TaskSet& set : steps) phases.push_back(PhaseOf(set.num_tasks, set.body));
  Crew::Run(phases.data(), static_cast<int64_t>(phases.size()), num_threads);
}

}  // namespace lxmert
