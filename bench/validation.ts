/** @file Validation questions of the sample world, for measurements of what rounding costs. */

import path from 'node:path';
import type { Question } from '../src/data/annotations/question.js';
import { findTask } from '../src/tasks/index.js';

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
  const questions: Question[] = [];
  const file = path.join(world, VALIDATION[name] ?? '');
  for await (const question of (await taskOf(name)).read(file)) questions.push(question);
  return questions;
}
