/** @file GQA from the official questions to the reference's JSON. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { streamEntries } from '../annotations/jsonStream.js';
import { checkRecord } from '../annotations/record.js';
import { AnswerTable } from '../answerTable.js';
import { ANSWER_TABLE_FILES, writeAnswerTable } from './answerTableFiles.js';
import { type OutputFiles, withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { compareCodePoints, PythonFloat } from './pythonJson.js';
import { describeFiles, onlyFile, openRawFiles, type RawFile } from './rawFiles.js';

/** The balanced questions, which the reference trains and scores on, or all. */
export type GqaQuestions = 'balanced' | 'all';

export interface PrepareGqaOptions extends PrepareOptions {
  readonly outputFolder: string;
  /** Default balanced. */
  readonly questions?: GqaQuestions;
  /** An answer table to use as it is, instead of one made from train and val. */
  readonly answerTable?: AnswerTable;
}

export interface PreparedGqa {
  readonly splits: readonly PreparedSplit[];
  /** Undefined when there was nothing to make a table from. */
  readonly numAnswers: number | undefined;
  readonly tableFrom: 'questions' | 'given' | 'nothing';
}

const questionSchema = z.object({
  imageId: z.string().min(1),
  question: z.string(),
  answer: z.string().optional(),
});
type RawQuestion = z.output<typeof questionSchema>;

/** The reference's names of the splits, by the official ones. */
const SPLITS = [
  ['train', 'train'],
  ['val', 'valid'],
  ['testdev', 'testdev'],
  ['test', 'test'],
  ['challenge', 'challenge'],
  ['submission', 'submit'],
] as const;

interface RawSplit {
  readonly official: (typeof SPLITS)[number][0];
  /** Name of the file to write. */
  readonly file: string;
  /** In order; all questions of train come in ten files. */
  readonly parts: readonly RawFile[];
}

/**
 * Writes train.json, valid.json, testdev.json, test.json and challenge.json (with `_all` behind their names for all
 * questions), those whose raw files are among the sources, and submit.json; and the answer table. Raw files are known by
 * their official names (`train_balanced_questions.json`, `submission_all_questions.json`, ...).
 *
 * A question without an answer (submission) gets no label. Answers outside the table keep their label: the readers leave
 * them out.
 *
 * @throws UsageError when no questions are among the sources; LxmertError for raw files that are cut short or wrong. No
 *   file is left then.
 */
export async function prepareGqa(options: PrepareGqaOptions): Promise<PreparedGqa> {
  const splits = findSplits(await openRawFiles(options.sources), options.questions ?? 'balanced');
  const forTable = splits.filter(({ official }) => official === 'train' || official === 'val');
  const hasTable = options.answerTable !== undefined || forTable.length > 0;
  const names = [...splits.map((split) => split.file), ...(hasTable ? ANSWER_TABLE_FILES : [])];
  return await withOutputFiles(options.outputFolder, names, options.overwrite ?? false, async (outputs) => {
    const table = options.answerTable ?? (await buildAnswerTable(forTable, options));
    if (table !== undefined) await writeAnswerTable(outputs, table, 'gqa');
    const prepared: PreparedSplit[] = [];
    for (const split of splits) prepared.push(await writeSplit(split, table, outputs, options));
    return {
      splits: prepared,
      numAnswers: table?.size,
      tableFrom: options.answerTable !== undefined ? 'given' : table === undefined ? 'nothing' : 'questions',
    };
  });
}

function findSplits(files: readonly RawFile[], questions: GqaQuestions): RawSplit[] {
  const splits: RawSplit[] = [];
  for (const [official, name] of SPLITS) {
    // There is only one set of questions for the test server, of all.
    const set = official === 'submission' ? 'all' : questions;
    const whole = onlyFile(files, new RegExp(`^${official}_${set}_questions\\.json$`));
    const parts = whole === undefined ? numberedParts(files, `${official}_${set}_questions`) : [whole];
    const suffix = questions === 'all' && official !== 'submission' ? '_all' : '';
    if (parts.length > 0) splits.push({ official, file: `${name}${suffix}.json`, parts });
  }
  if (splits.length > 0) return splits;
  throw new UsageError(
    `No GQA questions were found: expected names such as train_${questions}_questions.json, found ${describeFiles(files)}.`,
  );
}

/** `train_all_questions_0.json` to `train_all_questions_9.json`, in the order of their numbers. */
function numberedParts(files: readonly RawFile[], stem: string): RawFile[] {
  const pattern = new RegExp(`^${stem}_([0-9]+)\\.json$`);
  const numbers = files
    .map((file) => pattern.exec(file.baseName)?.[1])
    .filter((number) => number !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  return numbers.map((number, i) => {
    if (number !== i) {
      throw new UsageError(
        `Of ${stem}_0.json to ${stem}_${numbers.at(-1)}.json, number ${i} is missing or not unique.`,
      );
    }
    return onlyFile(files, new RegExp(`^${stem}_0*${number}\\.json$`))!;
  });
}

/**
 * All answers of train and val, sorted by code points. The reference's are in the accidental order of a Python 3 set,
 * which differs from run to run: a head trained on its table needs that very table.
 */
async function buildAnswerTable(
  splits: readonly RawSplit[],
  options: PrepareGqaOptions,
): Promise<AnswerTable | undefined> {
  const answers = new Set<string>();
  for (const split of splits) {
    const counter = new SplitCounter(`the answers of ${split.file}`, options);
    for await (const [, { answer }] of readSplit(split)) {
      if (answer !== undefined) answers.add(answer);
      counter.add();
    }
  }
  return answers.size === 0 ? undefined : new AnswerTable([...answers].sort(compareCodePoints));
}

async function writeSplit(
  split: RawSplit,
  table: AnswerTable | undefined,
  outputs: OutputFiles,
  options: PrepareGqaOptions,
): Promise<PreparedSplit> {
  const writer = await outputs.array(split.file);
  const counter = new SplitCounter(split.file, options);
  for await (const [id, { imageId, question, answer }] of readSplit(split)) {
    const row = { img_id: imageId, question_id: id, sent: question };
    if (answer === undefined) {
      await writer.add(row);
      counter.add();
      continue;
    }
    await writer.add({ ...row, label: new Map([[answer, new PythonFloat(1)]]) });
    const isKnown = table?.indexOf(answer) !== undefined;
    counter.add(Number(isKnown), Number(!isKnown));
  }
  await writer.end();
  return counter.result;
}

async function* readSplit(split: RawSplit): AsyncGenerator<[string, RawQuestion]> {
  for (const part of split.parts) {
    for await (const [id, value] of streamEntries(part)) {
      yield [id, checkRecord(questionSchema, value, part.name, `question '${id}'`)];
    }
  }
}
