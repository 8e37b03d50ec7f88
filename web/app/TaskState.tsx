/** @file Says that work is under way, that it is done, or why it failed. */

import type { Task } from './useTask.js';

interface Props<T> {
  readonly task: Pick<Task<T>, 'isBusy' | 'failure' | 'result'>;
  readonly doing: string;
  /** Said to those who do not see the page. */
  readonly done: (result: T) => string;
}

export function TaskState<T>({ task: { isBusy, failure, result }, doing, done }: Props<T>) {
  return (
    <>
      {/* Always there: readers of screens say what changes in an element, not what comes with a new one. */}
      <p class={isBusy ? 'busy' : 'unseen'} role="status">
        {isBusy ? doing : result === undefined ? '' : done(result)}
      </p>
      {failure !== undefined && (
        <p class="failure" role="alert">
          {failure}
          {result !== undefined && ' What is shown is what was there before.'}
        </p>
      )}
    </>
  );
}
