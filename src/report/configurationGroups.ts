/** @file A run's config.json as groups of lines, a group for each part of it. */

import type { ReportGroup } from './runReport.js';

/** Longer texts are cut; a table is no place for them. */
const MAX_TEXT = 300;

/** More lines than this are counted and not shown. */
const MAX_LINES = 400;

/** What is nested deeper is shown as JSON. */
const MAX_DEPTH = 5;

/**
 * The plain values come first, in a group without a title; then each object or list of objects has its group, with
 * keys joined by dots.
 */
export function configurationGroups(config: Readonly<Record<string, unknown>>): ReportGroup[] {
  const run: ReportLine[] = [];
  const groups: { title: string; lines: ReportLine[] }[] = [];
  for (const [key, value] of Object.entries(config)) {
    if (isPlain(value)) run.push({ label: cut(key), value: asText(value) });
    else groups.push({ title: cut(key), lines: linesOf(value, '', 1) });
  }
  let numLeft = MAX_LINES;
  return [{ title: '', lines: run }, ...groups]
    .filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }) => {
      const shown = lines.slice(0, numLeft);
      numLeft -= shown.length;
      const numHidden = lines.length - shown.length;
      return {
        title,
        lines:
          numHidden === 0 ? shown : [...shown, { label: '...', value: `${numHidden} more, in config.json` }],
      };
    });
}

type ReportLine = ReportGroup['lines'][number];

function linesOf(value: unknown, prefix: string, depth: number): ReportLine[] {
  if (isPlain(value) || depth > MAX_DEPTH) return [{ label: cut(prefix), value: asText(value) }];
  return Object.entries(value as object).flatMap(([key, inner]) =>
    linesOf(inner, prefix === '' ? key : `${prefix}.${key}`, depth + 1),
  );
}

/** What fits on one line: a value, a list of values, or something empty. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  const inner: unknown[] = Object.values(value);
  return (
    inner.length === 0 ||
    (Array.isArray(value) && inner.every((each) => each === null || typeof each !== 'object'))
  );
}

function asText(value: unknown): string {
  if (typeof value === 'string') return cut(value === '' ? '(empty)' : value);
  if (Array.isArray(value) && value.length > 0 && isPlain(value)) return cut(value.map(String).join(', '));
  try {
    return cut(JSON.stringify(value));
  } catch {
    // JSON may be nested deeper than the stack.
    return '(nested too deeply to show)';
  }
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}...`;
}
