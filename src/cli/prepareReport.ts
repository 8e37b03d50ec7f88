/** @file What the prepare commands share: how they report while they work, and the counts they print. */

import path from 'node:path';
import { type PreparedSplit, shareWithLabel } from '../data/prepare/prepareOptions.js';
import type { AnswerCount, PreparedVqa } from '../data/prepare/prepareVqa.js';
import { formatCount, formatNumber, formatPercent } from '../formats/numbers.js';
import { nextSteps } from './nextSteps.js';

/** Answers to a question in VQA v1 and v2. */
const VQA_ANNOTATORS = 10;

/** Rows between two lines of progress. */
const NOTICE_EVERY = 200_000;

/** Tells now and then how far a file is; how long it will be is not known before its end. */
export function rowNotices(notice: (line: string) => void): (file: string, numRows: number) => void {
  return (file, numRows) => {
    if (numRows % NOTICE_EVERY === 0) notice(`${file}: ${numRows} rows so far`);
  };
}

/** One line a file: its path and what became of its questions. */
export function renderSplits(
  folder: string,
  splits: readonly PreparedSplit[],
  noun: 'question' | 'example' = 'question',
): string[] {
  return splits.map((split) => {
    const { numQuestions, numAnswered, numWithLabel, numAnswersOutsideTable, numEmpty } = split;
    const target = `${path.join(folder, split.file)}: ${formatCount(numQuestions, noun)}`;
    const share = shareWithLabel(split);
    const empty = numEmpty > 0 ? [`${formatCount(numEmpty, noun)} without a word`] : [];
    if (share === undefined) return [`${target} without answers`, ...empty].join(', ');
    const unanswered = numQuestions - numAnswered;
    return [
      target,
      `${formatNumber(numWithLabel)} with a label (${formatPercent(share, 1)})`,
      ...(unanswered > 0 ? [`${formatNumber(unanswered)} without answers`] : []),
      ...(numAnswersOutsideTable > 0
        ? [`${formatCount(numAnswersOutsideTable, 'answer')} outside the table`]
        : []),
      ...empty,
    ].join(', ');
  });
}

/** What became of a data set in VQA's form. */
export function renderPreparedVqa({
  output,
  splits,
  numAnswers,
  tableFrom,
  notes,
  answersPerQuestion,
}: PreparedVqa & { readonly output: string }): string {
  return [
    ...renderSplits(output, splits),
    ...answerCountLines(answersPerQuestion),
    ...notes,
    `${formatCount(numAnswers, 'answer')} in the table, ${tableFrom === 'given' ? 'as given' : 'made from the annotations'}`,
    ...nextSteps({ task: 'vqa', output, splits, answers: 'trainval_label2ans.json' }),
  ].join('\n');
}

/** The rule of the scores for each number of answers; nothing to say when there are ten to every question, as in VQA. */
function answerCountLines(counts: readonly AnswerCount[]): string[] {
  if (counts.every(({ numAnswers }) => numAnswers === VQA_ANNOTATORS)) return [];
  return counts.map(({ numAnswers, numQuestions, rule }) =>
    numAnswers === 0
      ? `${formatCount(numQuestions, 'question')} without any answer: the label is empty`
      : `${formatCount(numQuestions, 'question')} with ${formatCount(numAnswers, 'answer')} each: ${rule}`,
  );
}
