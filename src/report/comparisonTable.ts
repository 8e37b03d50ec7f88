/** @file Tables with a column for each of several runs. */

import { escapeHtml } from './escape.js';
import type { ReportComparison } from './runReport.js';

/** The section with a table; nothing without rows. */
export function renderComparison({ title, lead, columns, rows }: ReportComparison, index: number): string {
  if (rows.length === 0 && lead === '') return '';
  const id = `comparison-${index}`;
  const cell = (value: string | null): string =>
    value === null
      ? '<td class="setting"><span aria-hidden="true">&ndash;</span><span class="unseen">nothing</span></td>'
      : `<td class="setting"><bdi>${escapeHtml(value)}</bdi></td>`;
  const head = columns.map((column) => `<th scope="col"><bdi>${escapeHtml(column)}</bdi></th>`).join('');
  const body = rows.map(
    ({ label, values }) =>
      `<tr><th scope="row"><bdi>${escapeHtml(label)}</bdi></th>${values.map(cell).join('')}</tr>`,
  );
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(title)}</h2>
${lead === '' ? '' : `<p class="lead" dir="auto">${escapeHtml(lead)}</p>\n`}${
  rows.length === 0
    ? ''
    : `<div class="scroll" role="group" aria-labelledby="${id}" tabindex="0">
<table class="plain">
<thead><tr><td></td>${head}</tr></thead>
<tbody>
${body.join('\n')}
</tbody>
</table>
</div>
`
}</section>`;
}
