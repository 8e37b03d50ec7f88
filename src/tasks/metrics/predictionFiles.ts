/** @file Reads files of predictions: those that the test servers take, and other layouts whose meaning is plain. */

import { LxmertError } from '../../common/errors.js';
import { readOpenedAs } from '../../data/annotations/exampleFile.js';
import { streamRecords } from '../../data/annotations/jsonRecords.js';
import type { JsonSource } from '../../data/annotations/jsonSource.js';
import { findLayout, type JsonLayout, streamEntries } from '../../data/annotations/jsonStream.js';
import { openJson } from '../../data/annotations/openJson.js';
import { shownText, shownValue } from '../../data/shownValue.js';
import { formatCount, formatNumber } from '../../formats/numbers.js';
import { type NoAnswer, type PredictionForm, PredictionReader } from './predictionRecords.js';
import { type FilePrediction, PredictionTable } from './predictionTable.js';

const VQA: PredictionForm = {
  task: 'VQA',
  id: 'question_id',
  answer: 'answer',
  expected: 'a JSON array of {question_id, answer}, as lxmert predict vqa writes it',
};
const GQA: PredictionForm = {
  task: 'GQA',
  id: 'questionId',
  answer: 'prediction',
  expected: 'a JSON array of {questionId, prediction}, as lxmert predict gqa writes it',
};
/** Keys under which a list of predictions is wrapped. */
const LIST_KEYS = ['predictions', 'results', 'answers', 'annotations', 'questions', 'data'];

/** Files whose faults are in a record, and not that they are another file. */
const PREDICTION_FORMS = [
  ...['vqaPredictions', 'gqaPredictions', 'customPredictions', 'llavaAnswers'].flatMap((form) => [
    form,
    `${form}Wrapped`,
  ]),
  ...['predictionsById', 'vizWizPredictions', 'vizWizPredictionsWrapped', 'nlvr2Predictions'],
];

/**
 * Reads VQA predictions, `[{question_id, answer}]`. Other keys are ignored. Other layouts and names of keys are read where
 * their meaning is plain, and noted: see docs/reference/metrics.md, "Predictions in other forms".
 *
 * @throws LxmertError with file and element for what is not as expected or answers a question twice
 */
export function readVqaPredictions(file: string): Promise<PredictionTable> {
  return readPredictions(file, VQA);
}

/**
 * Reads GQA predictions, `[{questionId, prediction}]`, likewise.
 *
 * @throws LxmertError with file and element for what is not as expected or answers a question twice
 */
export function readGqaPredictions(file: string): Promise<PredictionTable> {
  return readPredictions(file, GQA);
}

/** Makes predictions of what a file has; undefined for none. */
interface ElementReader {
  /** Of a record of a list or on a line, which stands at `place`. */
  read(value: unknown, place: string): FilePrediction | undefined;
  /** Of an entry of an object. */
  readEntry(id: string, value: unknown, place: string): FilePrediction | undefined;
  /** Forms of its own files, whose faults are within them. */
  readonly forms?: readonly string[];
  /** Whether what stands under a key is a prediction for certain, though the key be a word; absent: it shows by the key. */
  isPrediction?(value: unknown): boolean;
}

/**
 * The predictions of a JSON file of records, in whatever layout.
 *
 * @param expected what the file should be, for errors
 */
export async function* predictionElements(
  file: string,
  expected: string,
  reader: ElementReader,
): AsyncGenerator<FilePrediction> {
  const source = await openJson(file, expected);
  const layout = await findLayout(source, LIST_KEYS);
  if (layout.kind === 'none') throw await unexpectedLayout(source, layout, expected);
  const all =
    layout.kind === 'object'
      ? entriesOf(source, expected, reader)
      : readEach(source, layout, (value, place) => reader.read(value, place));
  for await (const each of asPredictions(source, expected, all, reader.forms))
    if (each !== undefined) yield each;
}

/** Predictions under their ids; an object of anything else is told from them. */
async function* entriesOf(
  source: JsonSource,
  expected: string,
  reader: ElementReader,
): AsyncGenerator<FilePrediction | undefined> {
  let isFirst = true;
  for await (const [id, value] of streamEntries(source)) {
    const isColumn = isFirst && isColumnName(id) && reader.isPrediction?.(value) !== true;
    if (Array.isArray(value) || isColumn) throw await unexpectedLayout(source, { kind: 'object' }, expected);
    isFirst = false;
    yield reader.readEntry(id, value, `entry '${shownText(id)}'`);
  }
}

async function* readEach<T>(
  source: JsonSource,
  layout: JsonLayout,
  read: (value: unknown, place: string) => T,
): AsyncGenerator<T> {
  for await (const { value, place } of streamRecords(source, layout)) yield read(value, place);
}

/** Passes predictions on; the error about a file that is something else says what, and which command takes it. */
function asPredictions<T>(
  source: JsonSource,
  expected: string,
  predictions: AsyncIterable<T>,
  forms: readonly string[] = [],
): AsyncIterable<T> {
  return readOpenedAs(source, { expected, forms: [...PREDICTION_FORMS, ...forms] }, predictions);
}

function readPredictions(file: string, form: PredictionForm): Promise<PredictionTable> {
  return gatherPredictions(file, form, new PredictionReader(file, form));
}

/**
 * The predictions of a JSON file in whatever layout, with the reader's notes.
 *
 * @throws LxmertError with file and element for what is not as expected or answers a question twice
 */
export async function gatherPredictions(
  file: string,
  form: PredictionForm,
  reader: PredictionReader,
): Promise<PredictionTable> {
  const empty: NoAnswer[] = [];
  const table = await PredictionTable.gather(file, answered(readAll(file, form, reader), empty));
  table.notes.push(...reader.notes);
  const [first] = empty;
  if (first !== undefined) {
    table.nullNote = `${formatCount(empty.length, 'prediction')} of ${file} ${empty.length === 1 ? 'is' : 'are'} null and taken as none: ${first.place}, question '${first.id}'${empty.length > 1 ? ', ...' : ''}.`;
    table.notes.push(table.nullNote);
  }
  return table;
}

async function* answered(
  all: AsyncIterable<FilePrediction | NoAnswer>,
  empty: NoAnswer[],
): AsyncGenerator<FilePrediction> {
  for await (const each of all) {
    if ('answer' in each) yield each;
    else empty.push(each);
  }
}

async function* readAll(
  file: string,
  form: PredictionForm,
  reader: PredictionReader,
): AsyncGenerator<FilePrediction | NoAnswer> {
  const { expected } = form;
  const source = await openJson(file, expected);
  const layout = await findLayout(source, LIST_KEYS);
  switch (layout.kind) {
    case 'none':
      throw await unexpectedLayout(source, layout, expected);
    case 'object':
      yield* asPredictions(source, expected, readObject(source, form, reader, expected));
      return;
    case 'wrapped':
      reader.note(`The predictions stand under the key '${layout.key}'.`);
      break;
    case 'lines':
      reader.note('The file is JSON lines, one prediction on each.');
      break;
    case 'list':
  }
  const read = (value: unknown, place: string) => reader.read(value, place);
  yield* asPredictions(source, expected, readEach(source, layout, read));
}

/** Answers by question id; or a table of two columns, as pandas writes a data frame. */
async function* readObject(
  source: JsonSource,
  form: PredictionForm,
  reader: PredictionReader,
  expected: string,
): AsyncGenerator<FilePrediction | NoAnswer> {
  const first = await streamEntries(source).next();
  if (first.done === true) throw new LxmertError(`${source.name} holds no predictions.`);
  const entries = streamEntries(source);
  if (isColumnName(first.value[0])) {
    const columns = new Map<string, unknown>();
    for await (const [key, value] of entries) columns.set(key, value);
    const wrapped = LIST_KEYS.find((key) => isObject(columns.get(key)));
    if (wrapped === undefined) yield* readColumns(source.name, columns, form, reader, expected);
    else {
      reader.note(`The predictions stand by question id under the key '${wrapped}'.`);
      const byId = Object.entries(columns.get(wrapped) as object);
      for (const [id, value] of byId) yield readEntry(id, value, reader);
    }
    return;
  }
  reader.note('The file is an object of predictions by question id.');
  for await (const [id, value] of entries) {
    if (Array.isArray(value)) throw await unexpectedLayout(source, { kind: 'object' }, expected);
    yield readEntry(id, value, reader);
  }
}

function readEntry(id: string, value: unknown, reader: PredictionReader): FilePrediction | NoAnswer {
  const place = `question '${shownText(id)}'`;
  const found = isObject(value) ? reader.read(value, place, id) : reader.pair(id, value, place);
  // A key is text whatever it was made of.
  return { ...found, isNumber: undefined };
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether it is a key of a record, and so no question's id. */
const isColumnName = (key: string): boolean => /^[a-z_]+$/i.test(key);

function* readColumns(
  file: string,
  columns: ReadonlyMap<string, unknown>,
  form: PredictionForm,
  reader: PredictionReader,
  expected: string,
): Generator<FilePrediction | NoAnswer> {
  const ids = cells(columns.get(form.id));
  const answers = cells(columns.get(form.answer));
  if (ids === undefined || answers === undefined) {
    const record = Object.fromEntries(columns);
    const isRecord = Object.hasOwn(record, form.id) && Object.hasOwn(record, form.answer);
    if (!isRecord) throw notPredictions(file, expected, shownValue(record));
    yield reader.read(record, 'the only element');
    return;
  }
  if (ids.length !== answers.length) {
    throw new LxmertError(
      `${file}: the column '${form.id}' has ${formatCount(ids.length, 'entry')}, but '${form.answer}' has ${formatNumber(answers.length)}.`,
    );
  }
  reader.note(`The file is an object of columns, '${form.id}' and '${form.answer}'.`);
  for (const [row, id] of ids.entries()) yield reader.pair(id, answers[row], `row ${row}`);
}

/** A column of a data frame: a list, or values by row. */
function cells(column: unknown): unknown[] | undefined {
  return typeof column === 'object' && column !== null ? Object.values(column) : undefined;
}

async function unexpectedLayout(
  source: JsonSource,
  layout: JsonLayout,
  expected: string,
): Promise<LxmertError> {
  if (layout.kind === 'none') {
    for await (const piece of source.open()) {
      const text = Buffer.from(piece).toString('utf8').trimStart();
      if (text !== '')
        return notPredictions(source.name, expected, `text that begins with '${shownText(text)}'`);
    }
    return new LxmertError(`${source.name} holds no predictions: expected ${expected}.`);
  }
  const keys: string[] = [];
  for await (const [key] of streamEntries(source)) if (keys.push(key) > 6) break;
  return notPredictions(source.name, expected, shownValue(Object.fromEntries(keys.map((key) => [key, 0]))));
}

function notPredictions(file: string, expected: string, found: string): LxmertError {
  const isTable = /^text /.test(found);
  const way = isTable
    ? ' A table of columns: pandas.read_csv(FILE, sep=None, engine="python").to_json(NEW, orient="records") writes such an array.'
    : '';
  return new LxmertError(`${file}: expected ${expected}, found ${found}.${way}`);
}
