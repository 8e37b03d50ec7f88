/** @file The section with the log's lines. */

import { escapeHtml } from './escape.js';

/** The section, or nothing without lines. */
export function renderLog(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  // Text of unknown direction must not turn its neighbours around: each line stands alone.
  const items = lines.map((line) => `<li dir="auto">${line === '' ? '\u00a0' : escapeHtml(line)}</li>`);
  return `<section aria-labelledby="log">
<h2 id="log">Log</h2>
<div class="log scroll" role="group" aria-labelledby="log" tabindex="0">
<ol>
${items.join('\n')}
</ol>
</div>
</section>`;
}
