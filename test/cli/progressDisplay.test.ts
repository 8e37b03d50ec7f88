/** @file Progress where there is no terminal: few lines, with rate and remaining time. */

import { describe, expect, it } from 'vitest';
import { barLine, linesOn } from '../../src/cli/progressDisplay.js';

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
