/** @file What each of examples/ prints when it works. */

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** By the name of the file. */
export const EXAMPLES: Readonly<Record<string, (stdout: string) => void>> = {
  answer: (stdout) => {
    const lines = stdout.trimEnd().split('\n');
    const probabilities = lines.slice(0, 3).map((line) => Number(/^.+: (\d+\.\d) %$/.exec(line)?.[1]));
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    expect(probabilities.every((each) => each > 0 && each < 100)).toBe(true);
    expect(lines[3]).toMatch(/^Found in 8 regions; the first is from [\d.]+, [\d.]+ to [\d.]+, [\d.]+\.$/);
    expect(lines[4]).toMatch(/^How many squares are there\? \w+$/);
    expect(lines[5]).toMatch(/^Is there a red triangle\? \w+$/);
  },
  customTrainingLoop: (stdout) => {
    const [before, after] = [...stdout.matchAll(/mean squared error (\d+\.\d+)/g)].map(numberOf);
    expect(after).toBeLessThan(before!);
    const losses = [...stdout.matchAll(/^Epoch \d+: loss (\d+\.\d+)/gm)].map(numberOf);
    expect(losses).toHaveLength(6);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  },
  explain: (stdout) => {
    const shares = [...stdout.matchAll(/: (\d+\.\d) % of what counted among words/g)].map(numberOf);
    expect(shares).toHaveLength(10);
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(100, 0);
    const page = /^The page: (.+)$/m.exec(stdout)?.[1] ?? '';
    expect(readFileSync(page, 'utf8')).toContain('What is the color of the circle?');
  },
  extract: (stdout) => {
    expect(stdout).toContain(', 0 skipped.');
    expect(stdout).toContain(' images of 4 regions with 16 numbers, by bottom-up-attention.');
    expect(stdout).toContain('A batch: features (2, 4, 16), boxes (2, 4, 4).');
  },
  finetuneOwnData: (stdout) => {
    const losses = [...stdout.matchAll(/^Epoch \d+: loss (\d+\.\d+)/gm)].map(numberOf);
    expect(losses).toHaveLength(4);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    expect(stdout).toMatch(/^Best: \d+\.\d % after epoch \d\.$/m);
  },
  matching: (stdout) => {
    expect(numberOf(/^Pairs judged rightly: (\d+\.\d) %/m.exec(stdout)!)).toBeGreaterThan(75);
    // By chance one of six.
    expect(
      numberOf(/^(\d) of 6 new pictures have their own sentence first\.$/m.exec(stdout)!),
    ).toBeGreaterThan(3);
  },
  runtime: (stdout) => {
    expect(stdout).toMatch(/^Computed by onnxruntime-(node|web) \((cpu|wasm), threads: \d+\)\. /);
    const [, color] = /^What is the color of the circle\? .+: (\d+\.\d) %$/m.exec(stdout) ?? [];
    expect(Number(color)).toBeGreaterThan(0);
    expect(stdout).toMatch(/^How many squares are there\? .+ %$/m);
  },
  ownTask: (stdout) => {
    // The words of a question tell its kind.
    expect(numberOf(/^Kinds: (\d+\.\d) %$/m.exec(stdout)!)).toBeGreaterThan(90);
    expect(stdout).toContain('kind_head.weight, kind_head.bias');
    const [, count, first] = /^(\d+) predictions; the first: (.+)$/m.exec(stdout) ?? [];
    expect(Number(count)).toBeGreaterThan(10);
    expect(Object.keys(JSON.parse(first ?? '') as object)).toEqual(['answer', 'kind', 'question_id']);
  },
};

function numberOf([, text]: RegExpExecArray): number {
  return Number(text);
}
