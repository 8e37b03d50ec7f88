/** @file The table of accuracies: the model beside its yardsticks, a bar under each number. */

import { LxmertError } from '../common/errors.js';
import { formatNumber } from '../formats/numbers.js';
import { escapeHtml } from './escape.js';
import { bar, checkedFraction, formatScore } from './numbers.js';
import type { ReportAccuracy, ReportAccuracyRow } from './runReport.js';

/**
 * The section with the table, or nothing when there are no rows.
 *
 * @throws LxmertError when a row has not one value for each column, or a value is no fraction from 0 to 1.
 */
export function renderAccuracy(accuracy: ReportAccuracy): string {
  if (accuracy.rows.length === 0) return '';
  const columns = accuracy.columns
    .map((column) => `<th scope="col" class="number"><bdi>${escapeHtml(column)}</bdi></th>`)
    .join('');
  const rows = accuracy.rows.map((row) => renderRow(row, accuracy)).join('\n');
  return `<section aria-labelledby="accuracy">
<h2 id="accuracy">Accuracy</h2>
<div class="scroll" role="group" aria-labelledby="accuracy" tabindex="0">
<table class="accuracy">
<caption dir="auto">${escapeHtml(accuracy.caption)}</caption>
<thead><tr><th scope="col">Questions</th>${columns}<th scope="col" class="number">Count</th></tr></thead>
<tbody>
${rows}
</tbody>
</table>
</div>
</section>`;
}

function renderRow(row: ReportAccuracyRow, { columns, numModels = 1 }: ReportAccuracy): string {
  if (row.values.length !== columns.length) {
    throw new LxmertError(
      `The report's accuracy row '${row.label}' has ${row.values.length} values for ${columns.length} columns. Give one value, or null, for each column.`,
    );
  }
  const cells = row.values.map((value, index) => {
    const kind = index < numModels ? 'number model' : 'number';
    if (value === null) {
      return `<td class="${kind}"><span aria-hidden="true">&ndash;</span><span class="unseen">not measured</span></td>`;
    }
    const fraction = checkedFraction(value, `the accuracy '${row.label}', '${columns[index]}'`);
    return `<td class="${kind}">${formatScore(fraction)}${bar(fraction)}</td>`;
  });
  return `<tr><th scope="row"><bdi>${escapeHtml(row.label)}</bdi></th>${cells.join('')}<td class="number count">${formatNumber(row.numQuestions)}</td></tr>`;
}
