/** @file A run's scores.json: its score by the kinds that the task tells apart, and the task's further measures. */

import { z } from 'zod';
import type { ReportAccuracy, ReportAccuracyRow } from './runReport.js';

const fraction = z.number().min(0).max(1);
const rows = z.array(z.object({ type: z.string(), score: fraction, numQuestions: z.int().min(0) }));
type Rows = z.output<typeof rows>;

/**
 * `{overall, numQuestions, measures?: {key: {title, value}}, byAnswerType: [{type, score, numQuestions}], ...}`: every list
 * of that form is a table, whatever the task calls it; other keys are ignored.
 */
export const scoresSchema = z
  .looseObject({
    overall: fraction,
    numQuestions: z.int().min(0).optional(),
    measures: z.record(z.string(), z.object({ title: z.string(), value: fraction.nullable() })).default({}),
    // Known tasks' tables must be right; those of others are taken as far as they can be read.
    byQuestionType: rows.optional(),
    byAnswerType: rows.optional(),
  })
  .transform(({ overall, numQuestions, measures, ...others }) => ({
    overall,
    numQuestions,
    measures: Object.values(measures),
    tables: Object.entries(others).flatMap(([key, value]) => {
      const parsed = rows.safeParse(value);
      return parsed.success ? [{ kind: kindOf(key), rows: parsed.data }] : [];
    }),
  }));

type Scores = z.output<typeof scoresSchema>;

/** `byAnswerType` tells answers apart: `answer`. */
function kindOf(key: string): string {
  return key.replace(/^by/, '').replace(/Type$/, '').toLowerCase();
}

/** More rows than this would bury the ones that count; those of the most questions are shown. */
const MAX_ROWS = 100;

/** The table: all questions, further measures, then each kind, the largest first. */
export function accuracyOf({ overall, numQuestions, measures, tables }: Scores): ReportAccuracy {
  const count = numQuestions ?? Math.max(0, ...tables.map((table) => total(table.rows)));
  const all: ReportAccuracyRow = { label: 'all', values: [overall], numQuestions: count };
  const kinds = [...tables].sort((a, b) => (a.kind < b.kind ? -1 : 1));
  return {
    caption: `Accuracy by type of ${kinds.map(({ kind }) => kind).join(' and of ') || 'question'}, from scores.json`,
    columns: ['this model'],
    rows: [
      all,
      ...measures.map(({ title, value }) => ({ label: title, values: [value], numQuestions: count })),
      ...kinds.flatMap(({ kind, rows: own }) => rowsOf(kind, own)),
    ],
  };
}

function rowsOf(kind: string, scores: Rows): ReportAccuracyRow[] {
  return [...scores]
    .sort((a, b) => b.numQuestions - a.numQuestions)
    .slice(0, MAX_ROWS)
    .map(({ type, score, numQuestions }) => ({
      label: `${kind}: ${type === '' ? '(none)' : type}`,
      values: [score],
      numQuestions,
    }));
}

function total(scores: Rows): number {
  return scores.reduce((sum, { numQuestions }) => sum + numQuestions, 0);
}
