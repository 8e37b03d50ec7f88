/** @file A run's scores.json: the accuracy by type of question and answer. */

import { z } from 'zod';
import type { ReportAccuracy, ReportAccuracyRow } from './runReport.js';

const fraction = z.number().min(0).max(1);
const types = z.array(z.object({ type: z.string(), score: fraction, numQuestions: z.int().min(0) }));

/** `{overall, byQuestionType: [{type, score, numQuestions}], byAnswerType: [...]}`; other keys are ignored. */
export const scoresSchema = z.object({
  overall: fraction,
  numQuestions: z.int().min(0).optional(),
  byQuestionType: types.default([]),
  byAnswerType: types.default([]),
});

type Scores = z.output<typeof scoresSchema>;

/** More rows than this would bury the ones that count; those of the most questions are shown. */
const MAX_ROWS = 100;

/** The table: all questions, then the types of answer, then those of question, the largest first. */
export function accuracyOf(scores: Scores): ReportAccuracy {
  const rows = [...rowsOf('answer', scores.byAnswerType), ...rowsOf('question', scores.byQuestionType)];
  const all: ReportAccuracyRow = {
    label: 'all',
    values: [scores.overall],
    numQuestions: scores.numQuestions ?? Math.max(total(scores.byAnswerType), total(scores.byQuestionType)),
  };
  return {
    caption: 'Accuracy by type of answer and of question, from scores.json',
    columns: ['this model'],
    rows: [all, ...rows],
  };
}

function rowsOf(kind: string, scores: Scores['byAnswerType']): ReportAccuracyRow[] {
  return [...scores]
    .sort((a, b) => b.numQuestions - a.numQuestions)
    .slice(0, MAX_ROWS)
    .map(({ type, score, numQuestions }) => ({
      label: `${kind}: ${type === '' ? '(none)' : type}`,
      values: [score],
      numQuestions,
    }));
}

function total(scores: Scores['byAnswerType']): number {
  return scores.reduce((sum, { numQuestions }) => sum + numQuestions, 0);
}
