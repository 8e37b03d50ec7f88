/** @file The report as one web page that holds all it needs and asks the network for nothing. */

import { createHash } from 'node:crypto';
import { renderAccuracy } from './accuracyTable.js';
import { chartScript, chartStyle } from './chartScript.js';
import { renderConfiguration } from './configurationTable.js';
import { chartData, drawableCurves, renderCurves } from './curves.js';
import { escapeHtml, jsonForScript } from './escape.js';
import { renderExamples } from './exampleGallery.js';
import { renderLog } from './logSection.js';
import type { ReportFact, RunReport } from './runReport.js';
import { pageStyle } from './style.js';

/**
 * The page of `report`, to be written to a file and opened offline. Its security policy forbids every request and
 * every script and style but its own (by their hashes); pictures are data URIs. Sections without content are left out.
 *
 * @throws LxmertError when the report contradicts its type: values outside 0 to 1, rows of the wrong length, images
 * that are no data URIs, boxes turned inside out.
 */
export function renderReport(report: RunReport): string {
  const curves = drawableCurves(report.curves);
  const style = `${curves.length > 0 ? `${chartStyle()}\n` : ''}${pageStyle}`;
  const script = curves.length > 0 ? chartScript() : null;
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `style-src ${hashOf(style)}`,
    `script-src ${script === null ? "'none'" : hashOf(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const sections = [
    renderAccuracy(report.accuracy),
    renderExamples(report.examples),
    renderCurves(curves),
    renderNotes(report.notes),
    renderCommands(report.commands),
    renderConfiguration(report.configuration ?? []),
    renderLog(report.log ?? []),
  ].filter((section) => section !== '');
  const scripts =
    script === null
      ? ''
      : `<script type="application/json" id="chart-data">${jsonForScript(curves.map(chartData))}</script>\n<script>${script}</script>\n`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escapeHtml(report.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<h1 dir="auto">${escapeHtml(report.title)}</h1>
${report.subtitle === '' ? '' : `<p class="subtitle" dir="auto">${escapeHtml(report.subtitle)}</p>\n`}${renderFacts(report.facts)}${renderProblems(report.problems ?? [])}</header>
${sections.join('\n')}
</main>
${scripts}</body>
</html>
`;
}

/** The source expression of a security policy that allows an inline element with exactly this text. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
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
