/** @file What the prepare commands share: how they report while they work, and the counts they print. */

import path from 'node:path';
import { type PreparedSplit, shareWithLabel } from '../data/prepare/prepareOptions.js';
import { formatCount, formatPercent } from '../formats/numbers.js';

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
      `${numWithLabel} with a label (${formatPercent(share, 1)})`,
      ...(unanswered > 0 ? [`${unanswered} without answers`] : []),
      ...(numAnswersOutsideTable > 0
        ? [`${formatCount(numAnswersOutsideTable, 'answer')} outside the table`]
        : []),
      ...empty,
    ].join(', ');
  });
}
