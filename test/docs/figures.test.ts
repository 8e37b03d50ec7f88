/** @file The README's times are those of docs/benchmarks.md, and what they are compared with follows from them. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** The cells of each line of a table. */
function rowsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const readme = readFileSync('README.md', 'utf8');
const section = readme.slice(readme.indexOf('\n## Results'), readme.indexOf('What training from scratch'));
const times = rowsOf(section).slice(1);
const recorded = new Set(rowsOf(readFileSync('docs/benchmarks.md', 'utf8')).flat());

it.each(times)('%s: %s beside %s is what was measured', (_work, own, other, ratio) => {
  const others = other!.replace(/ \(.*\)$/, '');
  expect(recorded).toContain(own);
  expect(recorded).toContain(others);
  expect((Number.parseFloat(others) / Number.parseFloat(own!)).toFixed(1)).toBe(ratio);
});

it('finds the table', () => {
  expect(times.length).toBeGreaterThanOrEqual(4);
});
