/** @file VQA v2 from the official questions and annotations to the reference's JSON. */

import { UsageError } from '../../common/errors.js';
import { AnswerTable } from '../answerTable.js';
import { VQA_MIN_OCCURRENCES } from '../buildAnswerTable.js';
import type { CocoSplit } from '../cocoImages.js';
import { softLabel, softScoreRule } from '../softLabel.js';
import { ANSWER_TABLE_FILES, writeAnswerTable } from './answerTableFiles.js';
import { type JsonArrayWriter, type OutputFiles, withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { pythonDictOrder } from './pythonDictOrder.js';
import { openRawFiles } from './rawFiles.js';
import { mostGivenAnswer, type VqaSplit } from './rows.js';
import { spellAsInAnswerTable } from './vqaAnswer.js';
import { findVqaSplits } from './vqaSplits.js';

/**
 * OK-VQA has a fiftieth of VQA's questions and answers of many kinds, of which few are that of nine questions: one that two
 * questions agree on is in its table.
 */
export const OKVQA_MIN_OCCURRENCES = 2;

export interface PrepareVqaOptions extends PrepareOptions {
  readonly outputFolder: string;
  /** Ids of the validation questions that go to minival.json; the rest goes to nominival.json. Without: val.json. */
  readonly minivalIds?: ReadonlySet<number>;
  /** An answer table to use as it is, instead of one made from the annotations. */
  readonly answerTable?: AnswerTable;
  /** Default {@link VQA_MIN_OCCURRENCES}. */
  readonly minOccurrences?: number;
  /** Takes questions and annotations under whatever names as those of this split. */
  readonly as?: CocoSplit | undefined;
  /** Takes OK-VQA's files only, which are named as VQA v1's are. */
  readonly isOkvqa?: boolean;
}

export interface PreparedVqa {
  readonly splits: readonly PreparedSplit[];
  readonly numAnswers: number;
  /** Whether the table was made here or given. */
  readonly tableFrom: 'annotations' | 'given';
  /** How many questions have so many answers each, with the rule of their scores in words. */
  readonly answersPerQuestion: readonly AnswerCount[];
  /** What was not as documented and read all the same. */
  readonly notes: readonly string[];
}

/** Questions with the same number of answers. */
export interface AnswerCount {
  readonly numAnswers: number;
  readonly numQuestions: number;
  readonly rule: string;
}

/**
 * Writes train.json, minival.json and nominival.json (or val.json) and test.json, those whose raw files are among the
 * sources, and the answer table. Raw files are known by the ends of their official names, see {@link findVqaSplits}.
 * VQA-CP's two splits become train.json and test.json.
 *
 * Rows keep the order of the raw files. The label of a question has the answers that are in the table, each with
 * its score of {@link softLabel}.
 *
 * @throws UsageError when no questions are among the sources or their annotations are missing; LxmertError for raw files
 *   that are cut short, wrong, or do not fit each other. No file is left then.
 */
export async function prepareVqa(options: PrepareVqaOptions): Promise<PreparedVqa> {
  const notes: string[] = [];
  const note = (line: string): unknown => notes.push(line);
  const splits = await findVqaSplits(await openRawFiles(options.sources), {
    as: options.as,
    isOkvqa: options.isOkvqa,
    note,
  });
  const hasVal = splits.some(({ isVal }) => isVal === true);
  if (options.minivalIds !== undefined && !hasVal) {
    throw new UsageError('Ids of minival are given, but no val2014 questions for them to divide.');
  }
  const names = splits.flatMap((split) => fileNames(split, options));
  return await withOutputFiles(
    options.outputFolder,
    [...names, ...ANSWER_TABLE_FILES],
    options.overwrite ?? false,
    async (outputs) => {
      const table = options.answerTable ?? (await buildAnswerTable(splits, options));
      await writeAnswerTable(outputs, table, 'vqa');
      const prepared: PreparedSplit[] = [];
      const numbers = new Map<number, number>();
      for (const split of splits)
        prepared.push(...(await writeSplit(split, table, outputs, options, numbers)));
      return {
        splits: prepared,
        numAnswers: table.size,
        tableFrom: options.answerTable === undefined ? 'annotations' : 'given',
        answersPerQuestion: answerCounts(numbers),
        notes,
      };
    },
  );
}

/**
 * The label of a question: answers in the table with their soft scores. The answers are counted as they are spelled, not
 * normalised; only the table is.
 */
export function vqaLabel(
  answers: readonly string[],
  table: AnswerTable,
): { label: Map<string, number>; numOutsideTable: number } {
  const all = softLabel(answers);
  const label = new Map([...all].filter(([answer]) => table.indexOf(answer) !== undefined));
  return { label, numOutsideTable: all.size - label.size };
}

function answerCounts(numbers: ReadonlyMap<number, number>): AnswerCount[] {
  return [...numbers]
    .sort(([a], [b]) => a - b)
    .map(([numAnswers, numQuestions]) => ({ numAnswers, numQuestions, rule: softScoreRule(numAnswers) }));
}

function fileNames({ isVal, file }: VqaSplit, { minivalIds }: PrepareVqaOptions): string[] {
  return isVal === true && minivalIds !== undefined ? ['minival.json', 'nominival.json'] : [file];
}

/** The table in the reference's order: see {@link pythonDictOrder}. */
async function buildAnswerTable(
  splits: readonly VqaSplit[],
  options: PrepareVqaOptions,
): Promise<AnswerTable> {
  const counts = new Map<string, number>();
  for (const split of splits) {
    if (!split.isForTable) continue;
    const counter = new SplitCounter(`the answers of ${split.file}`, options);
    for await (const given of split.mostGiven?.() ?? mostGivenOf(split)) {
      counter.add();
      if (given === undefined) continue;
      const answer = spellAsInAnswerTable(given);
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
    }
  }
  const minOccurrences = options.minOccurrences ?? VQA_MIN_OCCURRENCES;
  // The order comes from the dict of all answers; those that are too rare were deleted from it afterwards.
  const answers = pythonDictOrder(counts.keys()).filter((answer) => counts.get(answer)! >= minOccurrences);
  if (answers.length > 0) return new AnswerTable(answers);
  throw new UsageError(
    counts.size === 0
      ? 'There are no annotations to make an answer table from. Give --answers with a trainval_label2ans.json.'
      : `No answer is that of ${minOccurrences} questions or more. Lower --min-occurrences, or give --answers.`,
  );
}

async function writeSplit(
  split: VqaSplit,
  table: AnswerTable,
  outputs: OutputFiles,
  options: PrepareVqaOptions,
  numbers: Map<number, number>,
): Promise<PreparedSplit[]> {
  const writers: { writer: JsonArrayWriter; counter: SplitCounter }[] = [];
  for (const name of fileNames(split, options)) {
    writers.push({ writer: await outputs.array(name), counter: new SplitCounter(name, options) });
  }
  const minivalIds = split.isVal === true ? options.minivalIds : undefined;
  let numMinival = 0;
  for await (const { imageId, questionId, question, answers, answerType, questionType } of split.rows()) {
    const isMinival = minivalIds?.has(Number(questionId)) ?? true;
    numMinival += Number(isMinival);
    const { writer, counter } = writers[isMinival ? 0 : 1]!;
    const row = { img_id: imageId, question_id: questionId, sent: question };
    counter.seeSentence(question);
    if (answers === undefined) {
      await writer.add(row);
      counter.add();
      continue;
    }
    numbers.set(answers.length, (numbers.get(answers.length) ?? 0) + 1);
    const { label, numOutsideTable } = vqaLabel(answers, table);
    await writer.add({ ...row, answer_type: answerType, label, question_type: questionType });
    counter.add(label.size, numOutsideTable);
  }
  if (minivalIds !== undefined && numMinival < minivalIds.size) {
    throw new UsageError(
      `${minivalIds.size} ids of minival are given, but only ${numMinival} of them are questions of ${split.source}.`,
    );
  }
  for (const { writer } of writers) await writer.end();
  return writers.map(({ counter }) => counter.result);
}

async function* mostGivenOf(split: VqaSplit): AsyncGenerator<string | undefined> {
  for await (const row of split.rows()) yield mostGivenAnswer(row);
}
