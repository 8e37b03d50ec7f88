/** @file The page's script: the chart library as it comes in its package, and the lines that draw with it. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { LxmertError } from '../common/errors.js';

/**
 * Draws each chart in its frame. Colors come from the style sheet, so charts are drawn again when the reader's color
 * scheme changes. Strings of the report are only ever set as text. Series may have different x: `uPlot.join` lines
 * them up and bridges the places that only another series has, while a null stays a gap.
 */
const drawCharts = `
(() => {
  'use strict';
  const charts = JSON.parse(document.getElementById('chart-data').textContent);
  const dashes = [[], [6, 4], [2, 3], [10, 3, 2, 3], [1, 4], [12, 4]];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const font = '12px ' + getComputedStyle(document.body).fontFamily;
  const plain = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 6 });
  // Learning rates are small: in the library's own three decimals they would all read 0.
  const number = (value) =>
    value === 0 || Math.abs(value) >= 1e-3 ? plain.format(value) : Number(value.toPrecision(4)).toExponential();
  const draw = (frame) => {
    const chart = charts[Number(frame.dataset.chart)];
    const readout = frame.parentElement.querySelector('.readout');
    const size = () => ({ width: Math.max(200, frame.clientWidth), height: 230 });
    const axis = (label) => ({
      label, font, labelFont: font, labelSize: 20, labelGap: 2,
      stroke: color('--quiet'),
      grid: { stroke: color('--rule'), width: 1 },
      ticks: { stroke: color('--rule'), width: 1, size: 5 },
    });
    const setCursor = (plot) => {
      const i = plot.cursor.idx;
      if (i == null) { readout.textContent = ''; return; }
      const parts = chart.series.map((series, k) => {
        const y = plot.data[k + 1][i];
        return y == null ? null : series.name + ' ' + number(y);
      });
      readout.textContent =
        [chart.xLabel + ' ' + number(plot.data[0][i])].concat(parts.filter((part) => part !== null)).join('  \\u00b7  ');
    };
    return new uPlot({
      ...size(),
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { size: 7 } },
      scales: { x: { time: false } },
      axes: [
        { ...axis(chart.xLabel), size: 32 },
        { ...axis(chart.yLabel), values: (plot, splits) => splits.map((value) => (value == null ? '' : number(value))), size: (plot, values) => 18 + 7 * Math.max(2, ...(values || []).map((value) => value.length)) },
      ],
      series: [{}].concat(chart.series.map((series, k) => ({
        label: series.name,
        stroke: color('--series-' + (k % dashes.length)),
        width: 2,
        dash: dashes[k % dashes.length],
        points: { show: series.x.length <= 30, size: 6, fill: color('--surface') },
      }))),
      hooks: { setCursor: [setCursor] },
    }, uPlot.join(chart.series.map((series) => [series.x, series.y])), frame);
  };
  const frames = [...document.querySelectorAll('.chart')];
  let plots = frames.map(draw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    plots.forEach((plot) => plot.destroy());
    plots = frames.map(draw);
  });
  new ResizeObserver(() => {
    frames.forEach((frame, k) => {
      const width = Math.max(200, frame.clientWidth);
      if (width !== plots[k].width) plots[k].setSize({ width, height: 230 });
    });
  }).observe(document.querySelector('.charts'));
})();
`;

/** The chart library and the script that draws with it: the whole text of a script element. */
export function chartScript(): string {
  const license = readUplot('LICENSE').replaceAll('*/', '* /');
  const script = `/*\n${license}*/\n${readUplot('dist/uPlot.iife.min.js')}\n${drawCharts}`;
  // Such text would end the element early, and no way of writing it is right in every place of a script.
  if (/<\/script|<script|<!--/i.test(script)) {
    throw new LxmertError(
      "The chart library 'uplot' in node_modules holds text that cannot stand in a web page. Install the version that package-lock.json names.",
    );
  }
  return script;
}

/** The style sheet that the chart library asks for. */
export function chartStyle(): string {
  return readUplot('dist/uPlot.min.css');
}

function readUplot(file: string): string {
  const require = createRequire(import.meta.url);
  try {
    // Line ends as the page's parser reads them: the page is pinned to the hash of this text.
    return readFileSync(require.resolve(`uplot/${file}`), 'utf8').replace(/\r\n?/g, '\n');
  } catch (cause) {
    throw new LxmertError(
      `The chart library's file uplot/${file} is not in node_modules. Run ./setup, or npm install.`,
      {
        cause,
      },
    );
  }
}
