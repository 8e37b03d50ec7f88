/** @file What `lxmert score` of all tasks has alike: flags for what does not match, and lines of the tables it prints. */

import { z } from 'zod';
import { formatPercent } from '../../formats/numbers.js';
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
  const value = score === null ? '-' : formatPercent(score);
  return `  ${name.padEnd(28)}${value.padStart(9)}${remark === '' ? '' : `  ${remark}`}`;
}

/** A titled table, or nothing without rows. */
export function tableLines(title: string, rows: readonly ScoreRow[]): string[] {
  if (rows.length === 0) return [];
  return [
    '',
    title,
    ...rows.map((row) => scoreLine(row.type || '(none)', row.score, `of ${row.numQuestions}`)),
  ];
}

/** Says how many questions and predictions did not meet; nothing when all did. */
export function coverageLines(
  { numMissing, numExtra }: CoverageCounts,
  rule: 'error' | 'skip' | 'wrong',
  noun = 'questions',
): string[] {
  const lines: string[] = [];
  if (numMissing > 0) {
    const fate = rule === 'wrong' ? 'counted as wrong' : 'left out';
    lines.push(`Without a prediction: ${numMissing} ${noun}, ${fate}.`);
  }
  if (numExtra > 0) lines.push(`Ignored: ${numExtra} predictions for ${noun} that are not in the file.`);
  return lines;
}

/** What was left out, and why. */
export function notComputedLines(notComputed: readonly NotComputed[]): string[] {
  if (notComputed.length === 0) return [];
  return ['', 'Not computed', ...notComputed.map(({ metric, needs }) => `  ${metric}: needs ${needs}`)];
}
