/** @file A run's scores.json: its score by the kinds that the task tells apart, and the task's further measures. */

import { z } from 'zod';
import type { ReportAccuracy, ReportAccuracyRow } from './runReport.js';

/** More rows than this would bury the ones that count; those of the most questions are shown. */
const MAX_ROWS = 100;
/** Answers of a table in which each stands beside each. */
const MAX_ANSWERS = 50;

const fraction = z.number().min(0).max(1);
const count = z.int().min(0);
const rows = z.array(z.object({ type: z.string(), score: fraction, numQuestions: count }));
/** What the best answer to each question's words gives, without looking, in the tables of the scores. */
const wordsAlone = z.looseObject({ overall: fraction });
const mistakes = z.object({
  confusion: z
    .object({ answers: z.array(z.string()).max(MAX_ANSWERS), counts: z.array(z.array(count)) })
    .refine(({ answers, counts }) => counts.every((row) => row.length === answers.length + 1), {
      error: 'expected a count for each answer and one for all others in each row',
    }),
  surestWrong: z
    .array(
      z.object({
        questionId: z.union([z.string(), z.number()]),
        question: z.string(),
        imageIds: z.array(z.string()),
        expected: z.array(z.string()),
        answer: z.string(),
        probability: fraction,
      }),
    )
    .max(MAX_ROWS),
});
type Rows = z.output<typeof rows>;

/**
 * `{overall, numQuestions, measures?: {key: {title, value}}, byAnswerType: [{type, score, numQuestions}], ..., wordsAlone?: {overall,
 * byAnswerType: [...], ...}, mistakes?}`: every list of that form is a table, whatever the task calls it; other keys are ignored.
 */
export const scoresSchema = z
  .looseObject({
    overall: fraction,
    wordsAlone: wordsAlone.optional(),
    numQuestions: count.optional(),
    mistakes: mistakes.optional(),
    measures: z.record(z.string(), z.object({ title: z.string(), value: fraction.nullable() })).default({}),
    // Known tasks' tables must be right; those of others are taken as far as they can be read.
    byQuestionType: rows.optional(),
    byAnswerType: rows.optional(),
  })
  .transform(({ overall, wordsAlone, numQuestions, mistakes, measures, ...others }) => ({
    overall,
    wordsAlone: wordsAlone && { overall: wordsAlone.overall, tables: tablesOf(wordsAlone) },
    numQuestions,
    mistakes,
    measures: Object.values(measures),
    tables: tablesOf(others),
  }));

function tablesOf(values: Readonly<Record<string, unknown>>): { kind: string; rows: Rows }[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const parsed = rows.safeParse(value);
    return parsed.success ? [{ kind: kindOf(key), rows: parsed.data }] : [];
  });
}

type Scores = z.output<typeof scoresSchema>;

/** `byAnswerType` tells answers apart: `answer`. */
function kindOf(key: string): string {
  return key.replace(/^by/, '').replace(/Type$/, '').toLowerCase();
}

/** The table: all questions, further measures, then each kind, the largest first. */
export function accuracyOf({ overall, wordsAlone, numQuestions, measures, tables }: Scores): ReportAccuracy {
  const count = numQuestions ?? Math.max(0, ...tables.map((table) => total(table.rows)));
  const knowsWords = wordsAlone !== undefined;
  const valuesOf = (score: number | null, alone: number | undefined): (number | null)[] =>
    knowsWords ? [score, alone ?? null] : [score];
  const all: ReportAccuracyRow = {
    label: 'all',
    values: valuesOf(overall, wordsAlone?.overall),
    numQuestions: count,
  };
  const kinds = [...tables].sort((a, b) => (a.kind < b.kind ? -1 : 1));
  return {
    caption: `Accuracy by type of ${kinds.map(({ kind }) => kind).join(' and of ') || 'question'}, from scores.json`,
    columns: ['this model', ...(knowsWords ? [WORDS_ALONE] : [])],
    rows: [
      all,
      ...measures.map(({ title, value }) => ({
        label: title,
        values: valuesOf(value, undefined),
        numQuestions: count,
      })),
      ...kinds.flatMap(({ kind, rows: own }) => {
        const alone = wordsAlone?.tables.find((table) => table.kind === kind)?.rows ?? [];
        return rowsOf(kind, own, (score, type) =>
          valuesOf(score, alone.find((row) => row.type === type)?.score),
        );
      }),
    ],
  };
}

/** The column of what the best answer to each question's words gives, without looking at the images. */
export const WORDS_ALONE = 'words alone';

function rowsOf(
  kind: string,
  scores: Rows,
  valuesOf: (score: number, type: string) => (number | null)[],
): ReportAccuracyRow[] {
  return [...scores]
    .sort((a, b) => b.numQuestions - a.numQuestions)
    .slice(0, MAX_ROWS)
    .map(({ type, score, numQuestions }) => ({
      label: `${kind}: ${type === '' ? '(none)' : type}`,
      values: valuesOf(score, type),
      numQuestions,
    }));
}

function total(scores: Rows): number {
  return scores.reduce((sum, { numQuestions }) => sum + numQuestions, 0);
}
