/** @file The section with the configuration: a small table for each group, in as many columns as fit. */

import { escapeHtml } from './escape.js';
import type { ReportGroup } from './runReport.js';

/** The section, or nothing when there are no groups. */
export function renderConfiguration(groups: readonly ReportGroup[]): string {
  if (groups.length === 0) return '';
  return `<section aria-labelledby="configuration">
<h2 id="configuration">Configuration</h2>
<div class="groups">
${groups.map(renderGroup).join('\n')}
</div>
</section>`;
}

function renderGroup({ title, lines }: ReportGroup): string {
  const rows = lines.map(
    ({ label, value }) =>
      `<tr><th scope="row"><bdi>${escapeHtml(label)}</bdi></th><td><bdi>${escapeHtml(value)}</bdi></td></tr>`,
  );
  return `<table class="group">
${title === '' ? '' : `<caption><bdi>${escapeHtml(title)}</bdi></caption>\n`}<tbody>${rows.join('\n')}</tbody>
</table>`;
}
