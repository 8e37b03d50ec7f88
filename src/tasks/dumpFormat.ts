/** @file How predictions are written for test servers and official scripts, one at a time. */

import type { Question } from '../data/annotations/question.js';

/** A text file of predictions: what stands before, between and after them. */
export interface DumpFormat {
  readonly opening: string;
  readonly separator: string;
  readonly closing: string;
  /** The whole file when there is no prediction. */
  readonly empty: string;
  /** One prediction. */
  row(question: Question, answer: string): string;
}

/**
 * A JSON array byte for byte as the reference writes it: indent 4, sorted keys, ASCII only.
 *
 * @param values of one prediction
 */
export function jsonDump(
  values: (question: Question, answer: string) => Readonly<Record<string, string | number>>,
): DumpFormat {
  return {
    opening: '[\n',
    separator: ',\n',
    closing: '\n]',
    empty: '[]',
    row: (question, answer) => {
      const sorted = Object.entries(values(question, answer)).sort(([a], [b]) => (a < b ? -1 : 1));
      const lines = sorted.map(([key, value]) => `        ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
      return `    {\n${toAscii(lines.join(',\n'))}\n    }`;
    },
  };
}

/** Lines `id,answer`, each ended by a line feed. */
export const csvDump: DumpFormat = {
  opening: '',
  separator: '',
  closing: '',
  empty: '',
  row: ({ questionId }, answer) => `${questionId},${answer}\n`,
};

function toAscii(json: string): string {
  return json.replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The whole file of some predictions. */
export function formatDump(
  format: DumpFormat,
  questions: readonly Question[],
  answers: readonly string[],
): string {
  if (questions.length === 0) return format.empty;
  const rows = questions.map((question, i) => format.row(question, answers[i] ?? ''));
  return format.opening + rows.join(format.separator) + format.closing;
}
