/** @file A diagnosis as text for a terminal of 80 columns. */

import type { Diagnosis } from './diagnose.js';

const WIDTH = 80;

/** Each file with what it is, facts, problems and the way on; then what belongs together; then the sum. */
export function renderDiagnosis({ files, together, numLeftOut, looksWrong }: Diagnosis): string {
  const lines: string[] = [];
  for (const { path, what, facts, problems, wayOn } of files) {
    lines.push(path, ...wrap(what, '  '));
    for (const fact of facts) lines.push(...wrap(fact, '  - ', '    '));
    for (const problem of problems) lines.push(...wrap(withoutPath(problem, path), '  wrong: ', '    '));
    if (wayOn !== undefined) lines.push(...withCommand(wayOn, '  > '));
    lines.push('');
  }
  if (together.length > 0) {
    lines.push('Together');
    for (const { fits, finding } of together)
      lines.push(...withCommand(finding, fits ? '  fits: ' : '  wrong: '));
    lines.push('');
  }
  if (numLeftOut > 0) {
    lines.push(
      ...wrap(
        `${numLeftOut} further files and folders were too many to be looked at; name them by themselves.`,
        '',
      ),
    );
  }
  const numWrong = files.filter(({ problems }) => problems.length > 0).length;
  const numMisfits = together.filter(({ fits }) => !fits).length;
  const wrong = [
    numWrong > 0 ? `${numWrong} of ${files.length} ${numWrong === 1 ? 'looks' : 'look'} wrong` : '',
    numMisfits > 0 ? `${numMisfits} time${numMisfits === 1 ? '' : 's'} files do not fit each other` : '',
  ].filter((text) => text !== '');
  lines.push(looksWrong ? `${wrong.join('; ')}.` : 'Nothing looks wrong.');
  return lines.join('\n');
}

/** The path stands above: a problem need not repeat it. */
function withoutPath(problem: string, path: string): string {
  for (const start of [`${path}: `, `${path}, `])
    if (problem.startsWith(start)) return problem.slice(start.length);
  return problem;
}

/** A command stands on a line of its own, whatever its length, so that it can be copied. */
function withCommand(text: string, first: string): string[] {
  const at = text.indexOf(': lxmert ');
  if (at < 0) return wrap(text, first, '    ');
  return [...wrap(`${text.slice(0, at)}:`, first, '    '), `    ${text.slice(at + 2)}`];
}

function wrap(text: string, first: string, others = first): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = others;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  lines.push(line);
  return lines;
}
