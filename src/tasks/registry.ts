/**
 * @file The tasks there are. A new one is a file beside this that exports `task`, and a line here: the commands
 * `lxmert finetune`, `evaluate`, `predict` and `score`, their help and their pages follow.
 *
 * A task's file is imported when the task is used, so that help and completion never load libtorch.
 */

import { UsageError } from '../common/errors.js';
import type { PretrainingTask } from './pretraining/pretrainingTask.js';
import type { Task } from './task.js';

/** What can be known of a task before its file is imported. */
export interface TaskEntry {
  readonly name: string;
  /** What it is about, as help lists it. */
  readonly title: string;
  /** Whether it has official metrics of files of predictions. */
  readonly hasScore: boolean;
  load(): Promise<{ readonly task: Task }>;
}

// biome-ignore format: a line for each task.
export const tasks: readonly TaskEntry[] = [
  { name: 'vqa', title: 'questions about images (VQA)', hasScore: true, load: () => import('./vqa.js') },
  { name: 'gqa', title: 'compositional questions (GQA)', hasScore: true, load: () => import('./gqa.js') },
  { name: 'nlvr2', title: 'statements about two images (NLVR2)', hasScore: true, load: () => import('./nlvr2.js') },
  { name: 'vizwiz', title: 'photos of blind people (VizWiz)', hasScore: true, load: () => import('./vizwiz.js') },
  { name: 'aokvqa', title: 'questions with choices (A-OKVQA)', hasScore: true, load: () => import('./aokvqa.js') },
  { name: 'match', title: 'sentences that belong to images', hasScore: false, load: () => import('./matching.js') },
  { name: 'custom', title: 'JSON lines of your own', hasScore: false, load: () => import('./custom.js') },
  { name: 'custom-pairs', title: 'JSON lines of your own with pairs of images', hasScore: false, load: () => import('./customPairs.js') },
];

/** What comes before: its commands are `lxmert pretrain` and `lxmert evaluate pretrain`. */
export const pretraining = {
  name: 'pretrain',
  title: 'sentences and images',
  load: (): Promise<{ readonly task: PretrainingTask }> => import('./pretrain.js'),
};

/** @throws UsageError that lists the tasks there are */
export async function loadTask(name: string): Promise<Task> {
  const entry = tasks.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    throw new UsageError(
      `There is no task '${name}'. The tasks are: ${tasks.map((each) => each.name).join(', ')}.`,
    );
  }
  return (await entry.load()).task;
}

/** The task that a run names, where it is one of these. */
export async function findTask(name: string | undefined): Promise<Task | undefined> {
  return (await tasks.find((candidate) => candidate.name === name)?.load())?.task;
}

/** What the names of tensors begin with in the heads of all tasks, for whoever reads and writes checkpoints. */
export async function headPrefixes(): Promise<string[]> {
  const all = await Promise.all(tasks.map(async ({ load }) => (await load()).task.heads));
  return [...new Set(all.flat().map(({ prefix }) => prefix))];
}
