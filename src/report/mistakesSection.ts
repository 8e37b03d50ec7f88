/** @file The sections on what was answered wrong: which answer is taken for which, and the surest that are wrong. */

import type { Mistakes, WrongAnswer } from '../tasks/index.js';
import { escapeHtml } from './escape.js';
import { checkedFraction, formatProbability } from './numbers.js';

/** Steps of shade in the style sheet. */
const NUM_SHADES = 4;

/** The table of the most frequent answers; nothing where there is but one. */
export function renderConfusion({ confusion: { answers, counts } }: Mistakes): string {
  if (answers.length < 2) return '';
  const columns = [...answers, 'another'].map(
    (answer) => `<th scope="col"><bdi>${escapeHtml(answer)}</bdi></th>`,
  );
  const rows = answers.map((expected, row) => {
    const own = counts[row] ?? [];
    const total = own.reduce((sum, count) => sum + count, 0);
    const cells = own.map((count, column) => {
      const shade = count === 0 ? 0 : Math.max(1, Math.round((NUM_SHADES * count) / total));
      return `<td class="${row === column ? 'hit' : 'miss'} shade-${shade}">${count === 0 ? '' : count}</td>`;
    });
    return `<tr><th scope="row"><bdi>${escapeHtml(expected)}</bdi></th>${cells.join('')}</tr>`;
  });
  return `<section aria-labelledby="confusion">
<h2 id="confusion">Which answer is taken for which</h2>
<p class="lead">Of the validation questions with the ${answers.length} most frequent answers: rows are what was expected, columns what was answered. Shades are shares of a row.</p>
<div class="scroll" role="group" aria-labelledby="confusion" tabindex="0">
<table class="plain confusion">
<thead><tr><td></td>${columns.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>
</section>`;
}

/** The list without pictures. */
export function renderWrongAnswers(wrong: readonly WrongAnswer[]): string {
  if (wrong.length === 0) return '';
  const rows = wrong.map(({ question, imageIds, expected, answer, probability }) => {
    const fraction = checkedFraction(probability, `the probability of '${answer}'`);
    const text = (each: string): string => `<bdi>${escapeHtml(each)}</bdi>`;
    return `<tr><th scope="row">${text(question)}</th><td>${imageIds.map(text).join(', ')}</td><td>${expected.map(text).join(' or ')}</td><td>${text(answer)}</td><td class="number">${formatProbability(fraction)}</td></tr>`;
  });
  return `<section aria-labelledby="wrong">
<h2 id="wrong">${WRONG_TITLE}</h2>
<p class="lead">${WRONG_LEAD}</p>
<div class="scroll" role="group" aria-labelledby="wrong" tabindex="0">
<table class="plain">
<thead><tr><th scope="col">Question</th><th scope="col">Image</th><th scope="col">Expected</th><th scope="col">Answered</th><th scope="col" class="number">Probability</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>
</section>`;
}

export const WRONG_TITLE = 'Sure and wrong';
export const WRONG_LEAD =
  'Of the validation questions that were answered wrong at the best epoch, those with the highest probability.';
