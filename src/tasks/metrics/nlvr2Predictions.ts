/** @file Reads predictions of NLVR2: lines of the official script, or JSON. */

import { LxmertError } from '../../common/errors.js';
import { shownText, shownValue } from '../../data/shownValue.js';
import { readContentKind } from '../../formats/contentKind.js';
import { readTextLines } from '../../formats/lines/textLines.js';
import { gatherPredictions } from './predictionFiles.js';
import { type NoAnswer, type PredictionForm, PredictionReader } from './predictionRecords.js';
import { type FilePrediction, PredictionTable } from './predictionTable.js';
import { strip } from './pythonText.js';

const NLVR2: PredictionForm = {
  task: 'NLVR2',
  id: 'identifier',
  answer: 'prediction',
  expected: 'lines of identifier,True or identifier,False, as lxmert predict nlvr2 writes them',
};

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
  const reader = new Nlvr2Reader(file, NLVR2);
  reader.note('The file is JSON; the official script reads lines of identifier,True or identifier,False.');
  return gatherPredictions(file, NLVR2, reader);
}

/** Reads truth values of any kind as `true` and `false`. */
class Nlvr2Reader extends PredictionReader {
  override read(value: unknown, place: string, id?: string): FilePrediction | NoAnswer {
    return super.read(asNlvr2Record(value), place, id);
  }

  override pair(
    ...[id, value, place, keys]: Parameters<PredictionReader['pair']>
  ): FilePrediction | NoAnswer {
    const answer = NLVR2_WORDS.get(String(value).toLowerCase());
    if (answer === undefined && value !== null) {
      throw new LxmertError(`${this.file}: ${place}: expected True or False, found ${shownValue(value)}.`);
    }
    return super.pair(id, answer ?? null, place, keys);
  }
}

const NLVR2_WORDS: ReadonlyMap<string, string> = new Map([
  ['true', 'true'],
  ['1', 'true'],
  ['false', 'false'],
  ['0', 'false'],
]);

/** `uid` and `label` by the names that are looked for. */
function asNlvr2Record(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { identifier, uid, prediction, label, ...others } = value as Record<string, unknown>;
  const answer = prediction ?? label;
  return {
    ...others,
    ...((identifier ?? uid) !== undefined && { identifier: identifier ?? uid }),
    ...(answer !== undefined && { prediction: answer }),
  };
}
