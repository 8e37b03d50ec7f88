/** @file Progress where there is no terminal: few lines, with rate and remaining time. */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { barLine, linesOn } from '../../../src/cli/terminal/progressDisplay.js';
import { Screen } from '../../../src/cli/terminal/screen.js';
import { needing } from '../../support/skips.js';
import { PlainTerminal } from '../plainTerminal.js';

describe('plain lines', () => {
  it('prints a line every ten seconds and one at the end', () => {
    let time = 0;
    const lines: string[] = [];
    const display = linesOn({ write: (text: string) => lines.push(text) }, 'Converting', 'rows', () => time);
    for (let done = 0; done <= 5000; done += 10) {
      time = done * 5;
      display.update(done, 5000);
    }
    display.stop();
    expect(lines).toEqual([
      'Converting: 2,000 of 5,000 rows (40 %), 200 rows/s, 15 s left\n',
      'Converting: 4,000 of 5,000 rows (80 %), 200 rows/s, 5 s left\n',
      'Converting: 5,000 of 5,000 rows (100 %), 200 rows/s, took 25 s\n',
    ]);
  });

  it('counts only what was done while watching when work is resumed', () => {
    let time = 0;
    const lines: string[] = [];
    const display = linesOn({ write: (text: string) => lines.push(text) }, 'Converting', 'rows', () => time);
    display.update(900, 1000);
    time = 10_000;
    display.update(910, 1000);
    expect(lines).toEqual(['Converting: 910 of 1,000 rows (91 %), 1.0 rows/s, 1 min 30 s left\n']);
  });

  it('adds what else is worth seeing', () => {
    let time = 0;
    const lines: string[] = [];
    const display = linesOn({ write: (text: string) => lines.push(text) }, 'Training', 'steps', () => time);
    display.update(0, 20, 'loss 3.0');
    time = 10_000;
    display.update(10, 20, 'loss 2.0');
    expect(lines).toEqual(['Training: 10 of 20 steps (50 %), 1.0 steps/s, 10 s left; loss 2.0\n']);
  });

  it('says nothing about work that never began', () => {
    const lines: string[] = [];
    linesOn({ write: (text: string) => lines.push(text) }, 'Converting', 'rows', () => 0).stop();
    expect(lines).toEqual([]);
  });
});

describe('a bar', () => {
  it('gives way to the text on a narrow terminal', () => {
    const text = '10 of 20 steps (50 %)';
    expect(barLine('Training', text, 0.5, 200)).toBe(`Training [############............] ${text}`);
    const narrow = barLine('Training', text, 0.5, 44);
    expect(narrow).toBe(`Training [#####.....] ${text}`);
    expect(narrow.length).toBeLessThan(44);
    expect(barLine('Training', text, 0.5, 39)).toBe(`Training: ${text}`);
  });
});

describe.each([40, 80])('on a terminal of %i columns', (columns) => {
  const advice =
    'Training uses half of the processor: 1 of 2 threads waits for data at most steps. Store the features on a faster disk, or give --prefetch a larger number of steps.';

  it('what is printed while a bar is up stands above it, whole', () => {
    const terminal = new PlainTerminal(columns);
    const stream = terminal as unknown as NodeJS.WriteStream;
    const screen = new Screen(stream);
    const first = screen.progress('Training', 'steps');
    first.update(1, 20, 'loss 3.0');
    screen.print(stream, advice);
    first.update(2, 20, 'loss 2.9');
    // One that has not begun yet, and one that begins while the first stays.
    const second = screen.progress('Evaluating', 'examples');
    screen.print(stream, advice);
    first.stop();
    second.stop();
    const text = terminal.lines.join('');
    expect(text.split(advice)).toHaveLength(3);
    expect(terminal.lines.findLast((line) => line !== '')).toContain('loss 2.9'.slice(-4));
    expect(terminal.wraps).toBe(true);
  });

  it('what is printed after work that failed is whole, as the bar was not ended', () => {
    const terminal = new PlainTerminal(columns);
    const stream = terminal as unknown as NodeJS.WriteStream;
    const screen = new Screen(stream);
    screen.progress('Training', 'steps').update(3, 20, 'loss 3.0');
    screen.end();
    terminal.write(`${advice}\n`);
    expect(terminal.lines.join('')).toContain(advice);
    expect(terminal.wraps).toBe(true);
  });

  it('what a bar leaves when it ends is whole', () => {
    const terminal = new PlainTerminal(columns);
    const display = new Screen(terminal as unknown as NodeJS.WriteStream).progress('Training', 'steps');
    display.update(0, 20);
    display.update(20, 20, 'loss 2.5, learning rate 0.00005, accuracy 61.25 % so far');
    display.stop();
    expect(terminal.lines.join('')).toMatch(/^Training.*20 of 20 steps .*accuracy 61\.25 % so far$/);
  });
});

describe('a quiet screen', () => {
  it('shows neither notices nor progress', () => {
    const terminal = new PlainTerminal(80);
    const screen = new Screen(terminal as unknown as NodeJS.WriteStream, true);
    screen.notice('Opening the pot.');
    const display = screen.progress('Training', 'steps');
    display.update(1, 2);
    display.stop();
    expect(terminal.lines).toEqual(['']);
  });
});

const program = `
  const { Screen } = await import(process.argv[1]);
  const screen = new Screen(process.stderr);
  const display = screen.progress('Training', 'steps');
  display.update(1, 20, 'loss 3.0');
  screen.notice(process.argv[2]);
  display.update(2, 20, 'loss 2.9');
  screen.end();
  process.stderr.write(process.argv[2] + '\\n');
`;

needing('program', 'script').it('nothing is cut in a real terminal of 80 or 100 columns', () => {
  const long = `${'the advice under a bad run '.repeat(9)}ends here.`;
  for (const columns of [80, 100]) {
    const screen = path.resolve('dist/src/cli/terminal/screen.js');
    const words = ['--input-type=module', '-e', program, screen, long];
    const quoted = [process.execPath, ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const { stdout } = spawnSync('script', ['-qec', `stty cols ${columns}; ${quoted}`, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm' },
    });
    const terminal = new PlainTerminal(columns);
    terminal.write(stdout.toString());
    const shown = terminal.lines.join('').replaceAll(' ', '');
    expect(shown.split(long.replaceAll(' ', '')), terminal.lines.join('\n')).toHaveLength(3);
    expect(stdout.toString().lastIndexOf('\x1b[?7h')).toBeGreaterThan(
      stdout.toString().lastIndexOf('\x1b[?7l'),
    );
    expect(stdout.toString()).toContain('\x1b[?25h');
  }
});
