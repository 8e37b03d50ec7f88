/** @file VQA v2 from the official questions and annotations to the reference's JSON. */

import { UsageError } from '../../common/errors.js';
import { AnswerTable } from '../answerTable.js';
import { VQA_MIN_OCCURRENCES } from '../buildAnswerTable.js';
import { softLabel, softScoreRule } from '../softLabel.js';
import { ANSWER_TABLE_FILES, writeAnswerTable } from './answerTableFiles.js';
import { joinById } from './joinById.js';
import { type JsonArrayWriter, type OutputFiles, withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { pythonDictOrder } from './pythonDictOrder.js';
import { openRawFiles } from './rawFiles.js';
import { spellAsInAnswerTable } from './vqaAnswer.js';
import {
  cocoImageName,
  mostGivenAnswer,
  type RawVqaAnnotation,
  type RawVqaQuestion,
  readVqaAnnotations,
  readVqaQuestions,
} from './vqaRecords.js';
import { findVqaSplits, type RawVqaSplit } from './vqaSplits.js';

export interface PrepareVqaOptions extends PrepareOptions {
  readonly outputFolder: string;
  /** Ids of the validation questions that go to minival.json; the rest goes to nominival.json. Without: val.json. */
  readonly minivalIds?: ReadonlySet<number>;
  /** An answer table to use as it is, instead of one made from the annotations. */
  readonly answerTable?: AnswerTable;
  /** Default {@link VQA_MIN_OCCURRENCES}. */
  readonly minOccurrences?: number;
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
  const splits = await findVqaSplits(await openRawFiles(options.sources), note);
  const hasVal = splits.some((split) => split.image === 'val2014');
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

function fileNames({ image, file }: RawVqaSplit, { minivalIds }: PrepareVqaOptions): string[] {
  return image === 'val2014' && minivalIds !== undefined ? ['minival.json', 'nominival.json'] : [file];
}

/** The table in the reference's order: see {@link pythonDictOrder}. */
async function buildAnswerTable(
  splits: readonly RawVqaSplit[],
  options: PrepareVqaOptions,
): Promise<AnswerTable> {
  const counts = new Map<string, number>();
  for (const { annotations } of splits) {
    if (annotations === undefined) continue;
    const counter = new SplitCounter(`the answers of ${annotations.baseName}`, options);
    for await (const annotation of readVqaAnnotations(annotations)) {
      counter.add();
      const given = mostGivenAnswer(annotation);
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
  split: RawVqaSplit,
  table: AnswerTable,
  outputs: OutputFiles,
  options: PrepareVqaOptions,
  numbers: Map<number, number>,
): Promise<PreparedSplit[]> {
  const writers: { writer: JsonArrayWriter; counter: SplitCounter }[] = [];
  for (const name of fileNames(split, options)) {
    writers.push({ writer: await outputs.array(name), counter: new SplitCounter(name, options) });
  }
  const minivalIds = split.image === 'val2014' ? options.minivalIds : undefined;
  let numMinival = 0;
  for await (const [question, annotation] of readSplit(split)) {
    const isMinival = minivalIds?.has(Number(question.question_id)) ?? true;
    numMinival += Number(isMinival);
    const { writer, counter } = writers[isMinival ? 0 : 1]!;
    const row = {
      img_id: cocoImageName(question, annotation, split.image, split.questions.name),
      question_id: question.question_id,
      sent: question.question,
    };
    counter.seeSentence(question.question);
    if (annotation === undefined) {
      await writer.add(row);
      counter.add();
      continue;
    }
    numbers.set(annotation.answers.length, (numbers.get(annotation.answers.length) ?? 0) + 1);
    const { label, numOutsideTable } = vqaLabel(
      annotation.answers.map((each) => each.answer),
      table,
    );
    await writer.add({
      ...row,
      answer_type: annotation.answer_type,
      label,
      question_type: annotation.question_type,
    });
    counter.add(label.size, numOutsideTable);
  }
  if (minivalIds !== undefined && numMinival < minivalIds.size) {
    throw new UsageError(
      `${minivalIds.size} ids of minival are given, but only ${numMinival} of them are questions of ${split.questions.name}.`,
    );
  }
  for (const { writer } of writers) await writer.end();
  return writers.map(({ counter }) => counter.result);
}

async function* readSplit(
  split: RawVqaSplit,
): AsyncGenerator<[RawVqaQuestion, RawVqaAnnotation | undefined]> {
  const questions = readVqaQuestions(split.questions);
  if (split.annotations === undefined) {
    for await (const question of questions) yield [question, undefined];
    return;
  }
  yield* joinById(
    { name: split.questions.name, records: questions, idOf: (question) => question.question_id },
    {
      name: split.annotations.name,
      records: readVqaAnnotations(split.annotations),
      idOf: (annotation) => annotation.question_id,
    },
  );
}
