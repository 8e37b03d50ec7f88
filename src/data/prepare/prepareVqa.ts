/** @file VQA v2 from the official questions and annotations to the reference's JSON. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { streamArray } from '../annotations/jsonStream.js';
import { AnswerTable } from '../answerTable.js';
import { VQA_MIN_OCCURRENCES } from '../buildAnswerTable.js';
import { softLabel } from '../softLabel.js';
import { ANSWER_TABLE_FILES, writeAnswerTable } from './answerTableFiles.js';
import { joinById } from './joinById.js';
import { type JsonArrayWriter, type OutputFiles, withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { pythonDictOrder } from './pythonDictOrder.js';
import { describeFiles, onlyFile, openRawFiles, type RawFile } from './rawFiles.js';
import { checkRecords } from './rawRecord.js';
import { spellAsInAnswerTable } from './vqaAnswer.js';

/** Digits of an image id in a COCO file name. */
const IMAGE_ID_DIGITS = 12;

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
}

const questionSchema = z.object({
  question_id: z.int(),
  image_id: z.int().min(0),
  question: z.string(),
});
const annotationSchema = z.object({
  question_id: z.int(),
  image_id: z.int().min(0),
  question_type: z.string(),
  answer_type: z.string(),
  multiple_choice_answer: z.string(),
  answers: z.array(z.object({ answer: z.string() })),
});
type RawQuestion = z.output<typeof questionSchema>;
type RawAnnotation = z.output<typeof annotationSchema>;

interface RawSplit {
  readonly image: 'train2014' | 'val2014' | 'test2015';
  readonly questions: RawFile;
  readonly annotations: RawFile | undefined;
}

/**
 * Writes train.json, minival.json and nominival.json (or val.json) and test.json, those whose raw files are among the
 * sources, and the answer table. Raw files are known by the ends of their official names: `train2014_questions.json`,
 * `train2014_annotations.json`, the same of `val2014`, and `test2015_questions.json`.
 *
 * Rows keep the order of the raw files. The label of a question has the answers that are in the table, each with
 * its score of {@link softLabel}.
 *
 * @throws UsageError when no questions are among the sources or their annotations are missing; LxmertError for raw files
 *   that are cut short, wrong, or do not fit each other. No file is left then.
 */
export async function prepareVqa(options: PrepareVqaOptions): Promise<PreparedVqa> {
  const splits = findSplits(await openRawFiles(options.sources));
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
      for (const split of splits) prepared.push(...(await writeSplit(split, table, outputs, options)));
      return {
        splits: prepared,
        numAnswers: table.size,
        tableFrom: options.answerTable === undefined ? 'annotations' : 'given',
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

/** `COCO_train2014_000000131486` */
function cocoImageName(split: string, imageId: number): string {
  return `COCO_${split}_${String(imageId).padStart(IMAGE_ID_DIGITS, '0')}`;
}

function findSplits(files: readonly RawFile[]): RawSplit[] {
  const splits: RawSplit[] = [];
  for (const image of ['train2014', 'val2014', 'test2015'] as const) {
    const questions = onlyFile(files, new RegExp(`${image}_questions\\.json$`));
    const annotations = onlyFile(files, new RegExp(`${image}_annotations\\.json$`));
    if (questions === undefined && annotations === undefined) continue;
    if (questions === undefined) {
      throw new UsageError(
        `The annotations of ${image} are there, but not its questions (...${image}_questions.json).`,
      );
    }
    if (annotations === undefined && image !== 'test2015') {
      throw new UsageError(
        `The questions of ${image} are there, but not its annotations (...${image}_annotations.json).`,
      );
    }
    splits.push({ image, questions, annotations });
  }
  if (splits.length > 0) return splits;
  throw new UsageError(
    'No VQA questions were found: expected names that end in train2014_questions.json, val2014_questions.json or ' +
      `test2015_questions.json, found ${describeFiles(files)}.`,
  );
}

function fileNames({ image }: RawSplit, { minivalIds }: PrepareVqaOptions): string[] {
  if (image === 'train2014') return ['train.json'];
  if (image === 'test2015') return ['test.json'];
  return minivalIds === undefined ? ['val.json'] : ['minival.json', 'nominival.json'];
}

/** The table in the reference's order: see {@link pythonDictOrder}. */
async function buildAnswerTable(
  splits: readonly RawSplit[],
  options: PrepareVqaOptions,
): Promise<AnswerTable> {
  const counts = new Map<string, number>();
  for (const { annotations } of splits) {
    if (annotations === undefined) continue;
    const counter = new SplitCounter(`the answers of ${annotations.baseName}`, options);
    for await (const annotation of readAnnotations(annotations)) {
      const answer = spellAsInAnswerTable(annotation.multiple_choice_answer);
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
      counter.add();
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
  split: RawSplit,
  table: AnswerTable,
  outputs: OutputFiles,
  options: PrepareVqaOptions,
): Promise<PreparedSplit[]> {
  const writers: { writer: JsonArrayWriter; counter: SplitCounter }[] = [];
  for (const name of fileNames(split, options)) {
    writers.push({ writer: await outputs.array(name), counter: new SplitCounter(name, options) });
  }
  const minivalIds = split.image === 'val2014' ? options.minivalIds : undefined;
  let numMinival = 0;
  for await (const [question, annotation] of readSplit(split)) {
    const isMinival = minivalIds?.has(question.question_id) ?? true;
    numMinival += Number(isMinival);
    const { writer, counter } = writers[isMinival ? 0 : 1]!;
    const row = { img_id: cocoImageName(split.image, question.image_id), question_id: question.question_id };
    if (annotation === undefined) {
      await writer.add({ ...row, sent: question.question });
      counter.add();
      continue;
    }
    const { label, numOutsideTable } = vqaLabel(
      annotation.answers.map((each) => each.answer),
      table,
    );
    await writer.add({
      ...row,
      answer_type: annotation.answer_type,
      label,
      question_type: annotation.question_type,
      sent: question.question,
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

async function* readSplit(split: RawSplit): AsyncGenerator<[RawQuestion, RawAnnotation | undefined]> {
  const questions = checkRecords(
    split.questions,
    streamArray(split.questions, 'questions'),
    questionSchema,
    'question',
  );
  if (split.annotations === undefined) {
    for await (const question of questions) yield [question, undefined];
    return;
  }
  yield* joinById(
    { name: split.questions.name, records: questions, idOf: (question) => question.question_id },
    {
      name: split.annotations.name,
      records: readAnnotations(split.annotations),
      idOf: (annotation) => annotation.question_id,
    },
  );
}

function readAnnotations(file: RawFile): AsyncGenerator<RawAnnotation> {
  return checkRecords(file, streamArray(file, 'annotations'), annotationSchema, 'annotation');
}
