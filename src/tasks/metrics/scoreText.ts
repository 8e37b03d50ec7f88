/** @file What `lxmert score` of all tasks has alike: flags for what does not match, and lines of the tables it prints. */

import { z } from 'zod';
import { excerpt } from '../../common/excerpt.js';
import { formatCount, formatPercent } from '../../formats/numbers.js';
import { type CoverageCounts, extraRules, missingRules, type NotComputed } from './coverage.js';
import type { ScoreRow } from './tally.js';

/** What becomes of questions and predictions that do not meet. */
export const coverageFlags = {
  missing: z
    .enum(missingRules)
    .default('error')
    .describe('A question without a prediction: stop, leave it out, or count it as wrong'),
  extra: z
    .enum(extraRules)
    .default('error')
    .describe('A prediction for a question that is not in the file: stop, or ignore it'),
};

/** A score with its name; a dash for one that was not computed. */
export function scoreLine(name: string, score: number | null, remark = ''): string {
  return textLine(name, score === null ? '-' : formatPercent(score), remark);
}

function textLine(name: string, value: string, remark: string): string {
  return `  ${excerpt(name).padEnd(28)}${value.padStart(9)}${remark === '' ? '' : `  ${remark}`}`;
}

/** A percentage that was rounded as the official program rounds, or the share's. */
export function textOf({ score, percent }: { readonly score: number; readonly percent?: number }): string {
  return percent === undefined ? formatPercent(score) : `${percent.toFixed(2)} %`;
}

/** A titled table, or nothing without rows that say of what they are. */
export function tableLines(
  title: string,
  rows: readonly (ScoreRow & { readonly percent?: number })[],
): string[] {
  // A file that states no types has one that is empty: the same number again.
  if (rows.every(({ type }) => type === '')) return [];
  return [
    '',
    title,
    ...rows.map((row) => textLine(row.type || '(none)', textOf(row), `of ${row.numQuestions}`)),
  ];
}

/** Says how many questions and predictions did not meet; nothing when all did. */
export function coverageLines(
  { numMissing, numExtra }: CoverageCounts,
  rule: 'error' | 'skip' | 'wrong',
  noun = 'question',
): string[] {
  const lines: string[] = [];
  if (numMissing > 0) {
    const fate = rule === 'wrong' ? 'counted as wrong' : 'left out';
    lines.push(`Without a prediction: ${formatCount(numMissing, noun)}, ${fate}.`);
  }
  if (numExtra > 0)
    lines.push(`Ignored: ${formatCount(numExtra, 'prediction')} for ${noun}s that are not in the file.`);
  return lines;
}

/** What a person should know of the files, a line each. */
export function noteLines(notes: readonly string[]): string[] {
  return notes.map((note) => `Note: ${note}`);
}

/** What was left out, and why. */
export function notComputedLines(notComputed: readonly NotComputed[]): string[] {
  if (notComputed.length === 0) return [];
  return ['', 'Not computed', ...notComputed.map(({ metric, needs }) => `  ${metric}: needs ${needs}`)];
}
