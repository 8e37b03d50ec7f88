/** @file The answer table of pre-training, from the aggregated data of its QA sets. */

import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { streamArray } from '../annotations/jsonStream.js';
import { normalizeAnswer } from '../answerNormalization.js';
import { withOutputFiles } from './outputFiles.js';
import { type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { compareCodePoints } from './pythonJson.js';
import { openRawFiles } from './rawFiles.js';
import { checkRecords } from './rawRecord.js';

/** Answers in the published table. */
export const PRETRAINING_ANSWERS = 9500;

/** The order in which an entry of the published table names its sets; others follow by name. */
const SET_ORDER = ['vqa', 'visual7w', 'gqa'];

export interface PrepareAnswersOptions extends PrepareOptions {
  /** The file to write, such as `all_ans.json`. */
  readonly outputFile: string;
  /** How many answers to keep, the most frequent first. Default {@link PRETRAINING_ANSWERS}. */
  readonly numAnswers?: number;
  /** Answers with fewer examples are left out before that. Default 1. */
  readonly minOccurrences?: number;
}

export interface PreparedAnswers {
  readonly numImages: number;
  /** Sentences with a label that is not empty. */
  readonly numExamples: number;
  /** Of those, examples that keep an answer. */
  readonly numExamplesCovered: number;
  readonly numAnswersFound: number;
  readonly numAnswers: number;
  /** Examples of the rarest answer that was kept. */
  readonly fewestOccurrences: number;
}

const imageSchema = z.object({
  img_id: z.string().min(1),
  labelf: z.record(z.string(), z.array(z.record(z.string(), z.number()))).optional(),
});

interface Found {
  count: number;
  readonly sets: Set<string>;
}

/**
 * Writes `[{"ans", "dsets"}, ...]`, sorted by answer: the answers of the most examples, normalised by
 * {@link normalizeAnswer}, each with the sets it occurs in.
 *
 * Known of the published table: 9,500 answers, all normalised, sorted by code points, sets in the order vqa, visual7w,
 * gqa. Not known: the measure by which they were chosen. Here it is the number of examples whose label has the answer,
 * and among equals the smaller code points win.
 *
 * @throws UsageError when no answer is found; LxmertError for files that are cut short or wrong. No file is left then.
 */
export async function prepareAnswers(options: PrepareAnswersOptions): Promise<PreparedAnswers> {
  const { outputFile, numAnswers = PRETRAINING_ANSWERS, minOccurrences = 1 } = options;
  const folder = path.dirname(outputFile);
  const name = path.basename(outputFile);
  return await withOutputFiles(folder, [name], options.overwrite ?? false, async (outputs) => {
    const answers = new Map<string, Found>();
    let numImages = 0;
    let numExamples = 0;
    for await (const [set, label] of readLabels(options, () => numImages++)) {
      if (label.size === 0) continue;
      numExamples++;
      for (const answer of label) {
        const found = answers.get(answer) ?? { count: 0, sets: new Set() };
        found.count++;
        found.sets.add(set);
        answers.set(answer, found);
      }
    }
    const chosen = [...answers]
      .filter(([, { count }]) => count >= minOccurrences)
      .sort(([a, x], [b, y]) => y.count - x.count || compareCodePoints(a, b))
      .slice(0, numAnswers);
    if (chosen.length === 0) {
      throw new UsageError(
        `No answer is that of ${minOccurrences} examples or more; there are ${numExamples} examples.`,
      );
    }
    const fewestOccurrences = chosen.at(-1)![1].count;
    const kept = new Set(chosen.map(([answer]) => answer));
    const writer = await outputs.array(name);
    for (const [ans, { sets }] of chosen.sort(([a], [b]) => compareCodePoints(a, b))) {
      await writer.add({ ans, dsets: [...sets].sort(compareSets) });
    }
    await writer.end();
    let numExamplesCovered = 0;
    for await (const [, label] of readLabels(options)) {
      if ([...label].some((answer) => kept.has(answer))) numExamplesCovered++;
    }
    return {
      numImages,
      numExamples,
      numExamplesCovered,
      numAnswersFound: answers.size,
      numAnswers: kept.size,
      fewestOccurrences,
    };
  });
}

/** The normalised answers of each labelled sentence, with the set it comes from. */
async function* readLabels(
  options: PrepareAnswersOptions,
  onImage: () => void = () => undefined,
): AsyncGenerator<[set: string, label: Set<string>]> {
  for (const file of await openRawFiles(options.sources)) {
    const counter = new SplitCounter(file.baseName, options);
    for await (const image of checkRecords(file, streamArray(file), imageSchema, 'image')) {
      onImage();
      counter.add();
      for (const [set, labels] of Object.entries(image.labelf ?? {})) {
        for (const label of labels) yield [set, new Set(Object.keys(label).map(normalizeAnswer))];
      }
    }
  }
}

function compareSets(a: string, b: string): number {
  const [x, y] = [a, b].map((set) => (SET_ORDER.includes(set) ? SET_ORDER.indexOf(set) : SET_ORDER.length));
  return x! - y! || compareCodePoints(a, b);
}
