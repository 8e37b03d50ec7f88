/** @file How predictions are written for test servers and official scripts, one at a time. */

import type { Question } from '../data/annotations/question.js';
import type { Prediction } from './prediction.js';

/** A text file of predictions: what stands before, between and after them. */
export interface DumpFormat<Example extends Question = Question, Predicted extends Prediction = Prediction> {
  readonly opening: string;
  readonly separator: string;
  readonly closing: string;
  /** The whole file when there is no prediction. */
  readonly empty: string;
  /** One prediction, whole. */
  row(example: Example, prediction: Predicted): string;
}

/**
 * A JSON array byte for byte as the reference writes it: indent 4, sorted keys, ASCII only.
 *
 * @param values of one prediction
 */
export function jsonDump<Example extends Question, Predicted extends Prediction>(
  values: (example: Example, prediction: Predicted) => Readonly<Record<string, string | number>>,
): DumpFormat<Example, Predicted> {
  return {
    opening: '[\n',
    separator: ',\n',
    closing: '\n]',
    empty: '[]',
    row: (example, prediction) => `    ${jsonRecord(values(example, prediction))}`,
  };
}

/**
 * A JSON object of records by id, in the same style.
 *
 * @param id of an example, as text
 * @param values of one prediction
 */
export function jsonObjectDump<Example extends Question, Predicted extends Prediction>(
  id: (example: Example) => string,
  values: (example: Example, prediction: Predicted) => Readonly<Record<string, string | number>>,
): DumpFormat<Example, Predicted> {
  return {
    opening: '{\n',
    separator: ',\n',
    closing: '\n}',
    empty: '{}',
    row: (example, prediction) =>
      `    ${toAscii(JSON.stringify(id(example)))}: ${jsonRecord(values(example, prediction))}`,
  };
}

function jsonRecord(values: Readonly<Record<string, string | number>>): string {
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = sorted.map(([key, value]) => `        ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${toAscii(lines.join(',\n'))}\n    }`;
}

/** A line of text for each prediction, with what ends it. */
export function lineDump<Example extends Question, Predicted extends Prediction>(
  row: (example: Example, prediction: Predicted) => string,
): DumpFormat<Example, Predicted> {
  return { opening: '', separator: '', closing: '', empty: '', row };
}

function toAscii(json: string): string {
  return json.replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The whole file of some predictions. */
export function formatDump<Example extends Question, Predicted extends Prediction>(
  format: DumpFormat<Example, Predicted>,
  examples: readonly Example[],
  predictions: readonly Predicted[],
): string {
  if (examples.length === 0) return format.empty;
  const rows = examples.map((example, i) => format.row(example, predictions[i] as Predicted));
  return format.opening + rows.join(format.separator) + format.closing;
}
