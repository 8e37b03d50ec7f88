/** @file Charts of a run: a frame the page's script draws in, and the same curves in a table of their key values. */

import { escapeHtml } from './escape.js';
import { formatValue } from './numbers.js';
import type { ReportCurve, ReportSeries } from './runReport.js';

/** What the page's script draws: for each chart its labels and, for each series, sorted x and y (null is a gap). */
export interface ChartData {
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly { readonly name: string; readonly x: number[]; readonly y: (number | null)[] }[];
}

/** More digits than a screen shows would only make the page larger. */
const NUM_DIGITS = 6;

/** The number of line styles in the style sheet and the script. */
const NUM_STYLES = 6;

/** The charts with at least one point; the others would be empty frames. */
export function drawableCurves(curves: readonly ReportCurve[]): ReportCurve[] {
  return curves.filter((curve) => curve.series.some((series) => finitePoints(series).length > 0));
}

export function chartData(curve: ReportCurve): ChartData {
  return {
    xLabel: curve.xLabel,
    yLabel: curve.yLabel,
    series: curve.series.map((series) => {
      const sorted = sortedPoints(series);
      return {
        name: series.name,
        x: sorted.map(([x]) => x),
        y: sorted.map(([, y]) => (Number.isFinite(y) ? Number(y.toPrecision(NUM_DIGITS)) : null)),
      };
    }),
  };
}

/** The section with all charts, or nothing without any. `curves` are those of {@link drawableCurves}. */
export function renderCurves(curves: readonly ReportCurve[]): string {
  if (curves.length === 0) return '';
  return `<section aria-labelledby="curves">
<h2 id="curves">How it learned</h2>
<div class="charts">
${curves.map(renderCurve).join('\n')}
</div>
<noscript><p>The charts need JavaScript; the tables under them do not.</p></noscript>
</section>`;
}

function renderCurve(curve: ReportCurve, index: number): string {
  const label = `Chart of ${curve.yLabel} by ${curve.xLabel}. The table after it has its key values.`;
  return `<figure>
<figcaption dir="auto" id="chart-${index}">${escapeHtml(curve.title)}</figcaption>
<div class="chart" data-chart="${index}" role="img" aria-label="${escapeHtml(label)}"></div>
<p class="readout" aria-hidden="true"></p>
<table class="series" aria-labelledby="chart-${index}">
<thead><tr><th scope="col">Series</th><th scope="col" class="number">First</th><th scope="col" class="number">Last</th><th scope="col" class="number">Lowest</th><th scope="col" class="number">Highest</th></tr></thead>
<tbody>${curve.series.map(renderSeries).join('')}</tbody>
</table>
</figure>`;
}

function renderSeries(series: ReportSeries, index: number): string {
  const values = finitePoints(series).map(([, y]) => y);
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  const numbers = values.length === 0 ? [] : [values[0]!, values.at(-1)!, lowest, highest];
  const cells =
    numbers.length === 0
      ? '<td colspan="4" class="number">no values</td>'
      : numbers.map((value) => `<td class="number">${formatValue(value)}</td>`).join('');
  const swatch = `<svg class="swatch style-${index % NUM_STYLES}" viewBox="0 0 20 6" aria-hidden="true"><line x1="1" y1="3" x2="19" y2="3"/></svg>`;
  return `<tr><th scope="row">${swatch}<bdi>${escapeHtml(series.name)}</bdi></th>${cells}</tr>`;
}

function finitePoints(series: ReportSeries): (readonly [number, number])[] {
  return sortedPoints(series).filter(([, y]) => Number.isFinite(y));
}

/** Points by x, one for each x: the chart library takes strictly rising x. */
function sortedPoints(series: ReportSeries): (readonly [number, number])[] {
  const byX = new Map(series.points.filter(([x]) => Number.isFinite(x)));
  return [...byX].sort(([a], [b]) => a - b);
}
