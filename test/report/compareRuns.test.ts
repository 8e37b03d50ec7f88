/** @file Run folders beside each other in one report. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ComparedRuns, compareRuns, renderReport } from '../../src/report/index.js';
import { parsePage } from './sampleReport.js';

const folder = mkdtempSync(path.join(tmpdir(), 'compare-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const step = (number: number, loss: number) => `${JSON.stringify({ step: number, epoch: 0, loss })}\n`;
const epoch = (number: number, score: number) => `${JSON.stringify({ epoch: number, score, meanLoss: 2 })}\n`;
const score = (overall: number, wordsAlone: number) => ({
  overall,
  numQuestions: 40,
  byAnswerType: [{ type: 'other', score: overall / 2, numQuestions: 30 }],
  wordsAlone: {
    overall: wordsAlone,
    byAnswerType: [{ type: 'other', score: wordsAlone, numQuestions: 30 }],
  },
});

function write(run: string, rate: number, metrics: string, scores: object): void {
  mkdirSync(at(run), { recursive: true });
  const config = {
    task: 'vqa',
    maxLength: 20,
    settings: { numEpochs: 2, learningRate: rate },
    options: { learningRate: rate, output: run },
    hashes: { answers: rate < 0.1 ? 'a'.repeat(64) : `b${'a'.repeat(63)}` },
  };
  writeFileSync(at(run, 'config.json'), JSON.stringify(config));
  writeFileSync(at(run, 'metrics.jsonl'), metrics);
  writeFileSync(at(run, 'scores.json'), JSON.stringify(scores));
}

beforeAll(() => {
  write('one/run', 0.1, step(20, 3) + epoch(0, 0.25) + step(40, 2) + epoch(1, 0.5), score(0.5, 0.375));
  write('two/run', 0.05, `${step(20, 4) + epoch(0, 0.125)}{"step":`, score(0.125, 0.375));
  write('other', 0.1, step(20, 1) + epoch(0, 0.75), score(0.75, 0.25));
});

const curveOf = ({ report }: ComparedRuns, title: string) =>
  report.curves.find((curve) => curve.title === title)?.series.map(({ name, points }) => ({ name, points }));

it('draws the same curve of each run in one chart, with the line of what words alone give', async () => {
  const compared = await compareRuns([at('one/run'), at('two/run')]);
  expect(curveOf(compared, 'Training loss')).toEqual([
    {
      name: 'one/run',
      points: [
        [20, 3],
        [40, 2],
      ],
    },
    { name: 'two/run', points: [[20, 4]] },
  ]);
  expect(curveOf(compared, 'Validation score')).toEqual([
    {
      name: 'one/run',
      points: [
        [0, 25],
        [1, 50],
      ],
    },
    { name: 'two/run', points: [[0, 12.5]] },
    {
      name: 'words alone',
      points: [
        [0, 37.5],
        [1, 37.5],
      ],
    },
  ]);
});

it('puts scores beside each other, words alone once where it is the same for all', async () => {
  const { report } = await compareRuns([at('one/run'), at('two/run')]);
  expect(report.accuracy.columns).toEqual(['one/run', 'two/run', 'words alone']);
  expect(report.accuracy.rows).toEqual([
    { label: 'all', values: [0.5, 0.125, 0.375], numQuestions: 40 },
    { label: 'answer: other', values: [0.25, 0.0625, 0.375], numQuestions: 30 },
  ]);
  const other = await compareRuns([at('one/run'), at('other')]);
  expect(other.report.accuracy.columns).toEqual(['run', 'other', 'words alone (run)', 'words alone (other)']);
});

it('lists the settings that differ, once, and counts the others', async () => {
  const { report } = await compareRuns([at('one/run'), at('two/run')]);
  const settings = report.comparisons?.[1];
  expect(settings?.rows).toEqual([
    { label: 'settings.learningRate', values: ['0.1', '0.05'] },
    { label: 'options.output', values: ['one/run', 'two/run'] },
    { label: 'hashes.answers', values: [`b${'a'.repeat(11)}`, 'a'.repeat(12)] },
  ]);
  expect(settings?.lead).toBe('Where config.json differs; 3 further entries are the same.');
});

it('names which run a damage is of, and gives the numbers of each', async () => {
  const { runs, problems, report } = await compareRuns([at('one/run'), at('two/run')]);
  expect(problems).toEqual([expect.stringMatching(/^two\/run: The last line of metrics\.jsonl is half/)]);
  expect(runs).toMatchObject([
    { run: at('one/run'), name: 'one/run', numSteps: 40, bestEpoch: 1, bestScore: 0.5 },
    { run: at('two/run'), name: 'two/run', numSteps: 20, bestEpoch: 0, bestScore: 0.125 },
  ]);
  const { text } = parsePage(renderReport(report));
  expect(text).toMatch(/Best validation score\s*50\.00 %\s*12\.50 %/);
});

it('refuses a run that is named twice, and more than can be told apart', async () => {
  await expect(compareRuns([at('other'), at('other')])).rejects.toThrow(
    `The run '${at('other')}' is named twice`,
  );
  const many = Array.from({ length: 7 }, (_, i) => at(String(i)));
  await expect(compareRuns(many)).rejects.toThrow('At most 6 runs fit into one report, and 7 were named.');
});
