/** @file The tasks that the command line knows. A new one is a file beside this and a line here. */

import { UsageError } from '../common/errors.js';
import type { AnsweringTask } from './answeringTask.js';
import { custom, customPairs } from './custom.js';
import { gqa } from './gqa.js';
import { nlvr2 } from './nlvr2.js';
import { vqa } from './vqa.js';

const answeringTasks: readonly AnsweringTask[] = [vqa, gqa, nlvr2, custom, customPairs];

/** @throws UsageError that lists the tasks there are */
export function answeringTask(name: string): AnsweringTask {
  const task = answeringTasks.find((candidate) => candidate.name === name);
  if (task === undefined) {
    throw new UsageError(
      `There is no task '${name}'. The tasks are: ${answeringTasks.map((each) => each.name).join(', ')}.`,
    );
  }
  return task;
}
