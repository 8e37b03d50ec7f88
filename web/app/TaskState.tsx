/** @file Says that work is under way, or why it failed. */

import type { Task } from './useTask.js';

export function TaskState({
  task,
  doing,
}: {
  readonly task: Pick<Task<unknown>, 'isBusy' | 'failure'>;
  readonly doing: string;
}) {
  if (task.isBusy) {
    return (
      <p class="busy" role="status">
        {doing}
      </p>
    );
  }
  if (task.failure === undefined) return null;
  return (
    <p class="failure" role="alert">
      {task.failure}
    </p>
  );
}
