/** @file Validation questions of the sample world and the table of runs, for measurements of what rounding costs. */

import path from 'node:path';
import type { Question } from '../src/data/annotations/question.js';
import { findTask, type Prediction, readExamples } from '../src/tasks/index.js';

/** Those whose features are all in one store. */
const VALIDATION: Readonly<Record<string, string>> = {
  vqa: 'vqa/minival.json',
  gqa: 'gqa/valid.json',
  nlvr2: 'nlvr2/valid.json',
};

export async function taskOf(name: string) {
  const task = await findTask(name);
  if (task === undefined || VALIDATION[name] === undefined) {
    throw new Error(`A run of vqa, gqa or nlvr2 is needed; this is one of '${name}'.`);
  }
  return task;
}

export async function readValidation(world: string, name: string): Promise<Question[]> {
  return await readExamples(await taskOf(name), [path.join(world, VALIDATION[name] ?? '')]);
}

/** Prints one row a run. @param compare gives a run's difference in points */
export async function printComparison(
  runs: readonly string[],
  compare: (run: string) => Promise<number>,
): Promise<void> {
  console.log('| run | questions | float32 | int8 | difference in points | same answers |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  let worst = 0;
  for (const run of runs) worst = Math.max(worst, Math.abs(await compare(run)));
  console.log(`\nLargest difference: ${worst.toFixed(2)} points.`);
}

/** Prints the row of a run. @returns the difference in points */
export async function printRow(
  run: string,
  name: string,
  questions: readonly Question[],
  [exact, rounded]: readonly [readonly Prediction[], readonly Prediction[]],
): Promise<number> {
  const task = await taskOf(name);
  const scoreOf = (predictions: readonly Prediction[]): number =>
    100 * task.scores(questions, predictions).overall;
  const [before, after] = [scoreOf(exact), scoreOf(rounded)];
  const numSame = exact.filter(({ answer }, i) => answer === rounded[i]?.answer).length;
  const cells = [
    run,
    questions.length,
    before.toFixed(2),
    after.toFixed(2),
    (after - before).toFixed(2),
    ((100 * numSame) / questions.length).toFixed(2),
  ];
  console.log(`| ${cells.join(' | ')} % |`);
  return after - before;
}
