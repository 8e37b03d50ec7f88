// What is computed one after the other, and what beside it: the parts of a run of the crew.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace lxmert {

// Tasks that may be done in any order and at once.
struct TaskSet {
  int64_t num_tasks;
  std::function<void(int64_t task, int worker)> body;
};

// Each set begins when the one before it is done.
using Steps = std::vector<TaskSet>;

void Append(Steps& steps, Steps more);

// Two chains that do not depend on each other, as one: while one waits for memory the other computes. The tasks of the
// longer chain's steps alternate with those of the other's, spread over its length.
Steps Beside(Steps a, Steps b);

// In one run of the crew.
void RunSteps(const Steps& steps, int num_threads);

}  // namespace lxmert
