import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { differencesBetween } from '../../../bench/reliability/compareFolders.js';

const folder = mkdtempSync(path.join(tmpdir(), 'compare-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [left, right] = [path.join(folder, 'left'), path.join(folder, 'right')];

beforeEach(() => {
  for (const side of [left, right]) {
    rmSync(side, { recursive: true, force: true });
    mkdirSync(path.join(side, 'run'), { recursive: true });
    writeFileSync(path.join(side, 'run/BEST.pth'), 'weights');
    writeFileSync(path.join(side, 'run/metrics.jsonl'), `{"step":20,"loss":1.5,"seconds":${side.length}}\n`);
    writeFileSync(path.join(side, 'run/log.log'), side);
  }
});

it('finds nothing but times', () => {
  expect(differencesBetween(left, right)).toEqual([]);
});

it('finds one other byte, a file too many, one too few, and a record that is gone', () => {
  writeFileSync(path.join(right, 'run/BEST.pth'), 'weightS');
  writeFileSync(path.join(right, 'run/.LAST.pth.partial'), '');
  writeFileSync(path.join(left, 'run/scores.json'), '{}');
  writeFileSync(path.join(right, 'run/metrics.jsonl'), '');
  expect(differencesBetween(left, right)).toEqual([
    'run/.LAST.pth.partial should not be there',
    'run/BEST.pth has other bytes',
    'run/metrics.jsonl has other bytes',
    'run/scores.json is missing',
  ]);
});
