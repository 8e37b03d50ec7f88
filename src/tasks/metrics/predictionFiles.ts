/** @file Reads files of predictions: those that the test servers take, and other layouts whose meaning is plain. */

import { LxmertError } from '../../common/errors.js';
import { readAs } from '../../data/annotations/exampleFile.js';
import { streamRecords } from '../../data/annotations/jsonRecords.js';
import type { JsonSource } from '../../data/annotations/jsonSource.js';
import { findLayout, type JsonLayout, streamEntries } from '../../data/annotations/jsonStream.js';
import { openJson } from '../../data/annotations/openJson.js';
import { shownText, shownValue } from '../../data/shownValue.js';
import { readContentKind } from '../../formats/contentKind.js';
import { readTextLines } from '../../formats/lines/textLines.js';
import { formatCount } from '../../formats/numbers.js';
import {
  expectedPredictions,
  type NoAnswer,
  type PredictionForm,
  PredictionReader,
} from './predictionRecords.js';
import { type FilePrediction, PredictionTable } from './predictionTable.js';
import { strip } from './pythonText.js';

const VQA: PredictionForm = { task: 'VQA', id: 'question_id', answer: 'answer' };
const GQA: PredictionForm = { task: 'GQA', id: 'questionId', answer: 'prediction' };
const NLVR2: PredictionForm = { task: 'NLVR2', id: 'identifier', answer: 'prediction' };

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

/**
 * Reads NLVR2 predictions, lines of `identifier,True` or `identifier,False` in any case, or a JSON file as of the other
 * tasks; the answers are `true` and `false`.
 *
 * A blank beside the comma is refused: the official script does not take it off, and scores the answer as wrong.
 *
 * @throws LxmertError with file and line for what is not as expected or answers an example twice
 */
export async function readNlvr2Predictions(file: string): Promise<PredictionTable> {
  const { kind } = readContentKind(file);
  if (kind !== 'text' && kind !== 'empty') return readNlvr2Json(file);
  const notes: string[] = [];
  const table = await PredictionTable.gather(file, nlvr2Lines(file, notes));
  table.notes.push(...notes);
  return table;
}

/**
 * The predictions of a JSON file of records, in whatever layout.
 *
 * @param expected what the file should be, for errors
 * @param read makes a prediction of an element, which stands at `place`
 */
export async function* predictionElements(
  file: string,
  expected: string,
  read: (value: unknown, place: string) => FilePrediction,
): AsyncGenerator<FilePrediction> {
  const source = await openJson(file, expected);
  const layout = await findLayout(source, LIST_KEYS);
  if (layout.kind === 'object' || layout.kind === 'none')
    throw await unexpectedLayout(source, layout, expected);
  yield* asPredictions(source, expected, readEach(source, layout, read));
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
): AsyncIterable<T> {
  // Of an archive only the outside could be looked at.
  return source.isPlain === true
    ? readAs(source.name, { expected, forms: PREDICTION_FORMS }, predictions)
    : predictions;
}

async function readPredictions(file: string, form: PredictionForm): Promise<PredictionTable> {
  const reader = new PredictionReader(file, form);
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
  const expected = expectedPredictions(form);
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
    yield* readColumns(source.name, columns, form, reader, expected);
    return;
  }
  reader.note('The file is an object of predictions by question id.');
  for await (const [id, value] of entries) {
    const place = `question '${shownText(id)}'`;
    if (Array.isArray(value)) throw await unexpectedLayout(source, { kind: 'object' }, expected);
    const isRecord = typeof value === 'object' && value !== null;
    const found = isRecord ? reader.read(value, place, id) : reader.pair(id, value, place);
    // A key is text whatever it was made of.
    yield { ...found, isNumber: undefined };
  }
}

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
      `${file}: the column '${form.id}' has ${formatCount(ids.length, 'entry').replace('entrys', 'entries')}, but '${form.answer}' has ${answers.length}.`,
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
  const isCsv = /^text .*,/.test(found);
  const way = isCsv
    ? ' A table: pandas.read_csv(FILE).to_json(NEW, orient="records") writes such an array.'
    : '';
  return new LxmertError(`${file}: expected ${expected}, found ${found}.${way}`);
}

const HEADER = /^(identifier|uid|id)\s*,\s*(label|prediction|answer)\b/i;

async function* nlvr2Lines(file: string, notes: string[]): AsyncGenerator<FilePrediction> {
  let hasMore = false;
  for await (const { text, number } of readTextLines(file)) {
    const place = `line ${number}`;
    if (number === 1 && HEADER.test(text)) {
      notes.push(`The first line, '${shownText(text)}', is passed over: it names columns.`);
      continue;
    }
    const [id = '', word = '', ...more] = strip(text).split(',');
    const answer = word.toLowerCase();
    const isBlank = strip(answer) !== answer || strip(id) !== id;
    if (isBlank && /^(true|false)$/.test(strip(answer))) {
      throw new LxmertError(
        `${file}, ${place}: expected '${strip(id)},${strip(word)}', found '${shownText(text)}' with a blank beside the comma, which the official script does not take off: it would score every such line as wrong. Write the lines without blanks.`,
      );
    }
    if (id === '' || (answer !== 'true' && answer !== 'false')) {
      throw new LxmertError(
        `${file}, ${place}: expected 'identifier,True' or 'identifier,False', found '${shownText(text)}'.`,
      );
    }
    if (more.length > 0 && !hasMore) {
      hasMore = true;
      notes.push(
        `What stands behind a second comma is passed over, first in ${place}: '${shownText(text)}'.`,
      );
    }
    yield { id, answer, place };
  }
}

async function readNlvr2Json(file: string): Promise<PredictionTable> {
  const reader = new PredictionReader(file, NLVR2);
  reader.note('The file is JSON; the official script reads lines of identifier,True or identifier,False.');
  const expected = 'lines of identifier,True or identifier,False, as lxmert predict nlvr2 writes them';
  const table = await PredictionTable.gather(
    file,
    predictionElements(file, expected, (value, place) => {
      const found = reader.read(asNlvr2Record(value), place);
      if (!('answer' in found))
        throw new LxmertError(`${file}: ${place}: expected True or False, found null.`);
      const answer = NLVR2_WORDS.get(found.answer.toLowerCase());
      if (answer !== undefined) return { ...found, answer };
      throw new LxmertError(`${file}: ${place}: expected True or False, found '${shownText(found.answer)}'.`);
    }),
  );
  table.notes.push(...reader.notes);
  return table;
}

const NLVR2_WORDS: ReadonlyMap<string, string> = new Map([
  ['true', 'true'],
  ['1', 'true'],
  ['false', 'false'],
  ['0', 'false'],
]);

/** Truth values as text, and `uid` or `label` by the names that are looked for. */
function asNlvr2Record(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { identifier, uid, prediction, label, ...others } = value as Record<string, unknown>;
  const answer = prediction ?? label;
  return {
    ...others,
    ...((identifier ?? uid) !== undefined && { identifier: identifier ?? uid }),
    ...(answer !== undefined && { prediction: typeof answer === 'boolean' ? String(answer) : answer }),
  };
}
