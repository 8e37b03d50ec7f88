/** @file What is run after a preparation: the commands, with the files that it wrote. */

import path from 'node:path';
import type { PreparedSplit } from '../data/prepare/prepareOptions.js';
import { shellWord } from '../formats/forms/index.js';

/** What was prepared, for which task. */
export interface PreparedTask {
  readonly task: string;
  readonly output: string;
  readonly splits: readonly PreparedSplit[];
  /** Name of the answer table's file in the folder; undefined where none was written. */
  readonly answers?: string | undefined;
  /** Flags that the training needs beside the usual ones. */
  readonly trainingFlags?: string | undefined;
  /** Official annotations that `lxmert score` reads, where the task has them as files: `--annotations val.json`. */
  readonly scoring?: string | undefined;
  readonly predictions?: 'json' | 'csv';
  /** Stores that hold the regions of the images, where they are known. */
  readonly features?: readonly string[] | undefined;
}

/** Files that a training is validated on, the first that is there. */
const VALIDATION = /^(minival|val|valid|testdev|.*_val|.*_dev|test)\.json$/;
const ORDER = ['minival.json', 'valid.json', 'val.json', 'testdev.json'];

/**
 * The commands that take what was prepared: a training where there are questions to train on, else an
 * evaluation of those with answers, and a prediction for those without.
 */
export function nextSteps({
  task,
  output,
  splits,
  answers,
  scoring,
  predictions,
  features = ['features/mine'],
  trainingFlags,
}: PreparedTask): string[] {
  const stores = features.map((store) => `--features ${shellWord(store)}`).join(' ');
  const at = (file: string): string => shellWord(path.join(output, file));
  const answered = splits.filter(({ numAnswered }) => numAnswered > 0).map(({ file }) => file);
  const train = answered.find((file) => /(^|_)train(_all)?\.json$/.test(file));
  const valid = [...ORDER.filter((file) => answered.includes(file)), ...answered].find(
    (file) => file !== train && VALIDATION.test(file),
  );
  const unanswered = splits.find(({ numAnswered }) => numAnswered === 0)?.file;
  const commands: string[] = [];
  if (train !== undefined) {
    const table = answers === undefined ? '' : ` --answers ${at(answers)}`;
    const more = trainingFlags === undefined ? '' : ` ${trainingFlags}`;
    commands.push(
      `lxmert finetune ${task} --train ${at(train)} --valid ${valid === undefined ? 'VALID.json' : at(valid)}${table} ${stores} --vocab vocab.txt --load-encoder model_LXRT.pth${more} --output runs/mine`,
    );
  } else if (answered[0] !== undefined) {
    commands.push(`lxmert evaluate ${task} ${at(valid ?? answered[0])} --model runs/mine ${stores}`);
  }
  // What was trained on is not scored, least of all against the annotations of another split.
  const toScore = valid ?? answered.find((file) => file !== train);
  const toPredict = unanswered ?? (scoring === undefined ? undefined : toScore);
  if (toPredict !== undefined) {
    commands.push(
      `lxmert predict ${task} ${at(toPredict)} --model runs/mine ${stores} --output predictions.${predictions ?? 'json'}`,
    );
    if (unanswered === undefined)
      commands.push(`lxmert score ${task} predictions.${predictions ?? 'json'} ${scoring}`);
  }
  return commands.length === 0 ? [] : ['', 'Next', ...commands.map((command) => `  ${command}`)];
}
