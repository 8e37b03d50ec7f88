/** @file The report as one web page that holds all it needs and asks the network for nothing. */

import { renderAccuracy } from './accuracyTable.js';
import { chartScript, chartStyle } from './chartScript.js';
import { renderComparison } from './comparisonTable.js';
import { renderConfiguration } from './configurationTable.js';
import { chartData, drawableCurves, renderCurves } from './curves.js';
import { escapeHtml } from './escape.js';
import { renderExamples } from './exampleGallery.js';
import { renderLog } from './logSection.js';
import { renderConfusion, renderWrongAnswers, WRONG_LEAD, WRONG_TITLE } from './mistakesSection.js';
import { selfContainedPage } from './page.js';
import type { ReportFact, RunReport } from './runReport.js';
import { pageStyle } from './style.js';

/**
 * The page of `report`, to be written to a file and opened offline. Sections without content are left out.
 *
 * @throws LxmertError when the report contradicts its type: values outside 0 to 1, rows of the wrong length, images
 * that are no data URIs, boxes turned inside out.
 */
export function renderReport(report: RunReport): string {
  const curves = drawableCurves(report.curves);
  const hasWrongPictures = (report.wrongExamples ?? []).length > 0;
  const sections = [
    ...(report.comparisons ?? []).map(renderComparison),
    renderAccuracy(report.accuracy),
    renderExamples(report.examples, { id: 'examples', title: 'Examples' }),
    report.mistakes === undefined ? '' : renderConfusion(report.mistakes),
    hasWrongPictures
      ? renderExamples(report.wrongExamples ?? [], { id: 'wrong', title: WRONG_TITLE, lead: WRONG_LEAD })
      : renderWrongAnswers(report.mistakes?.surestWrong ?? []),
    renderCurves(curves),
    renderNotes(report.notes),
    renderCommands(report.commands),
    renderConfiguration(report.configuration ?? []),
    renderLog(report.log ?? []),
  ].filter((section) => section !== '');
  const hasCharts = curves.length > 0;
  return selfContainedPage({
    title: report.title,
    style: `${hasCharts ? `${chartStyle()}\n` : ''}${pageStyle}`,
    body: `<main>
<header>
<h1 dir="auto">${escapeHtml(report.title)}</h1>
${report.subtitle === '' ? '' : `<p class="subtitle" dir="auto">${escapeHtml(report.subtitle)}</p>\n`}${renderFacts(report.facts)}${renderProblems(report.problems ?? [])}</header>
${sections.join('\n')}
</main>`,
    script: hasCharts ? { text: chartScript(), dataId: 'chart-data', data: curves.map(chartData) } : null,
  });
}

function renderFacts(facts: readonly ReportFact[]): string {
  if (facts.length === 0) return '';
  const items = facts.map(
    ({ label, value }) =>
      `<div><dt dir="auto">${escapeHtml(label)}</dt><dd dir="auto">${escapeHtml(value)}</dd></div>`,
  );
  return `<dl class="facts">\n${items.join('\n')}\n</dl>\n`;
}

function renderProblems(problems: readonly string[]): string {
  if (problems.length === 0) return '';
  return `<ul class="problems" aria-label="What is missing or damaged">
${problems.map((problem) => `<li dir="auto">${escapeHtml(problem)}</li>`).join('\n')}
</ul>
`;
}

function renderNotes(notes: readonly string[]): string {
  if (notes.length === 0) return '';
  return `<section aria-labelledby="notes">
<h2 id="notes">Reading these numbers</h2>
<ul class="notes">
${notes.map((note) => `<li dir="auto">${escapeHtml(note)}</li>`).join('\n')}
</ul>
</section>`;
}

function renderCommands(commands: readonly string[]): string {
  if (commands.length === 0) return '';
  return `<section aria-labelledby="commands">
<h2 id="commands">What to try next</h2>
<ul class="commands">
${commands.map((command) => `<li><code>${escapeHtml(command)}</code></li>`).join('\n')}
</ul>
</section>`;
}
