/** @file VizWiz from the archive of its annotations to files that its task reads, with the answer table of a training. */

import { LxmertError } from '../../common/errors.js';
import { streamRecords } from '../annotations/jsonRecords.js';
import { findLayout } from '../annotations/jsonStream.js';
import {
  checkVizwizRecord,
  type VizwizRecord,
  vizwizRecordOfTable,
} from '../annotations/vizwizAnnotations.js';
import { AnswerTable } from '../answerTable.js';
import { VQA_MIN_OCCURRENCES } from '../buildAnswerTable.js';
import { softLabel } from '../softLabel.js';
import { AnswerCounts } from './answerCounts.js';
import { ANSWER_TABLE_FILES, writeAnswerTable } from './answerTableFiles.js';
import { hubSplits } from './hubTables.js';
import { type OutputFiles, withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import type { PythonValue } from './pythonJson.js';
import { formOfRaw, nothingFound, openRawFiles, preparedName, type RawFile, readRawAs } from './rawFiles.js';
import { type RawSplit, RawSplits } from './rawSplits.js';
import { UniqueIds } from './uniqueIds.js';

export interface PrepareVizwizOptions extends PrepareOptions {
  readonly outputFolder: string;
  /** An answer table to use as it is, instead of one made from the training answers. */
  readonly answerTable?: AnswerTable;
  /** Training questions that an answer must be among the ten of. Default {@link VQA_MIN_OCCURRENCES}. */
  readonly minOccurrences?: number;
}

export interface PreparedVizwiz {
  readonly splits: readonly (PreparedSplit & { readonly numUnanswerable: number })[];
  /** Undefined when there was nothing to make a table from. */
  readonly numAnswers: number | undefined;
  readonly tableFrom: 'annotations' | 'given' | 'nothing';
  /** Where no answer is frequent enough for a table: training questions that the most frequent is among those of. */
  readonly mostOccurrences?: number;
  readonly notes: readonly string[];
}

const KIND = { expected: "VizWiz's annotations", forms: ['vizWiz', 'vizWizTest', 'vizWizTable'] };

/** Columns of a hub's table. */
const NEEDED = [['question_id'], ['question'], ['category', 'answers']];

/**
 * Writes train.json, val.json and test.json, those that are among the sources, in VizWiz's own form, which its task and the
 * official evaluation read; and the answer table of the training answers. Which split a file is shows in the names of its
 * images (`VizWiz_train_00000000.jpg`), whatever it is called; one with other names keeps its own.
 *
 * @throws UsageError when no annotations of VizWiz are among the sources; LxmertError for files that are cut short or wrong.
 *   No file is left then.
 */
export async function prepareVizwiz(options: PrepareVizwizOptions): Promise<PreparedVizwiz> {
  const notes: string[] = [];
  const splits = await findSplits(await openRawFiles(options.sources), (line) => notes.push(line));
  const forTable = splits.find(({ name }) => name === 'train');
  const made =
    options.answerTable !== undefined || forTable === undefined
      ? {}
      : await tableOf(forTable, options, notes);
  const table = options.answerTable ?? made.table;
  const names = [
    ...splits.map(({ name }) => `${name}.json`),
    ...(table === undefined ? [] : ANSWER_TABLE_FILES),
  ];
  return await withOutputFiles(options.outputFolder, names, options.overwrite ?? false, async (outputs) => {
    if (table !== undefined) await writeAnswerTable(outputs, table, 'vqa');
    const prepared: PreparedVizwiz['splits'][number][] = [];
    for (const split of splits) prepared.push(await writeSplit(split, table, outputs, options));
    return {
      splits: prepared,
      numAnswers: table?.size,
      tableFrom:
        options.answerTable !== undefined ? 'given' : table === undefined ? 'nothing' : 'annotations',
      ...(made.mostOccurrences !== undefined && { mostOccurrences: made.mostOccurrences }),
      notes,
    };
  });
}

async function findSplits(files: readonly RawFile[], note: (line: string) => void): Promise<RawSplit[]> {
  const splits = new RawSplits('VizWiz');
  const tables = (await hubSplits(files, NEEDED, note)).map(({ table }) => table);
  for (const raw of [...files.filter(({ isTable }) => isTable !== true), ...tables]) {
    if (!KIND.forms.includes((await formOfRaw(raw))?.form ?? '')) continue;
    splits.add((await splitName(raw)) ?? preparedName(raw).replace(/\.json$/, ''), raw);
  }
  const found = splits.inOrder;
  if (found.length > 0) return found;
  throw await nothingFound(
    'No annotations of VizWiz were found: expected lists [{image, question, answers, answer_type, answerable}, ...], such as train.json, val.json and test.json of Annotations.zip',
    files,
  );
}

/** `train`, `val` or `test`, as the name of the first image says. */
async function splitName(raw: RawFile): Promise<string | undefined> {
  for await (const { image } of recordsOf(raw)) return /^VizWiz_(train|val|test)_/.exec(image)?.[1];
  throw new LxmertError(`${raw.name} holds no questions.`);
}

async function tableOf(
  { name, raw }: RawSplit,
  options: PrepareVizwizOptions,
  notes: string[],
): Promise<{ readonly table?: AnswerTable; readonly mostOccurrences?: number }> {
  const counts = new AnswerCounts();
  const counter = new SplitCounter(`the answers of ${name}.json`, options);
  for await (const { answers } of recordsOf(raw)) {
    counter.add();
    counts.add(new Set(answers?.map(({ answer }) => answer)));
  }
  const minOccurrences = options.minOccurrences ?? VQA_MIN_OCCURRENCES;
  const answers = counts.atLeast(minOccurrences);
  if (answers.length > 0) return { table: new AnswerTable(answers) };
  const { mostOccurrences } = counts;
  if (mostOccurrences === 0) return {};
  notes.push(
    `No answer is among those of ${minOccurrences} training questions or more, the most frequent among those of ${mostOccurrences}, so there is no answer table here, ` +
      'nor would finetune vizwiz make one: lower --min-occurrences, or give --answers.',
  );
  return { mostOccurrences };
}

async function writeSplit(
  { name, raw }: RawSplit,
  table: AnswerTable | undefined,
  outputs: OutputFiles,
  options: PrepareVizwizOptions,
): Promise<PreparedVizwiz['splits'][number]> {
  const file = `${name}.json`;
  const writer = await outputs.array(file);
  const counter = new SplitCounter(file, options);
  const ids = new UniqueIds(raw.name, 'image');
  let numUnanswerable = 0;
  for await (const record of recordsOf(raw)) {
    const { image, question, answers, answerable, answer_type: answerType } = record;
    ids.add(image);
    counter.seeSentence(question);
    if (answerable === 0) numUnanswerable++;
    await writer.add({
      image,
      question,
      answers: answers as PythonValue,
      answerable,
      answer_type: answerType,
    });
    if (answers === undefined) {
      counter.add();
      continue;
    }
    const labels = [...softLabel(answers.map(({ answer }) => answer)).keys()];
    const numKnown = labels.filter(
      (answer) => table === undefined || table.indexOf(answer) !== undefined,
    ).length;
    counter.add(numKnown, labels.length - numKnown);
  }
  await writer.end();
  return { ...counter.result, numUnanswerable };
}

function recordsOf(raw: RawFile): AsyncGenerator<VizwizRecord> {
  return readRawAs(raw, KIND, checkedRecords(raw));
}

async function* checkedRecords(raw: RawFile): AsyncGenerator<VizwizRecord> {
  const check = raw.isTable === true ? vizwizRecordOfTable : checkVizwizRecord;
  const layout = await findLayout(raw, ['questions', 'data']);
  for await (const { value, place } of streamRecords(
    raw,
    layout.kind === 'object' ? LINES : layout,
    'question',
  ))
    yield check(value, raw.name, place);
}

/** One line alone is an object. */
const LINES = { kind: 'lines' } as const;
