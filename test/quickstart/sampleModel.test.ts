/** @file The model that commands fall back on. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { weightsPath } from '../../src/common/pathSchemas.js';
import { sampleModelFolder } from '../../src/common/sampleAssets.js';
import { weightsOfRun } from '../../src/inference/runWeights.js';
import { sampleModel } from '../../src/quickstart/sampleModel.js';

const folder = mkdtempSync(path.join(tmpdir(), 'sample-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

it("is the package's own until a quickstart has been finished", () => {
  const said: string[] = [];
  const options = { folder: path.join(folder, 'quickstart'), notice: (line: string) => void said.push(line) };
  expect(sampleModel(options)).toBe(sampleModelFolder());
  mkdirSync(path.join(options.folder, 'run'), { recursive: true });
  expect(sampleModel(options)).toBe(sampleModelFolder());
  writeFileSync(path.join(options.folder, 'report.html'), '<html>');
  expect(sampleModel(options)).toBe(path.join(options.folder, 'run'));
  expect(said).toHaveLength(3);
  expect(said[0]).toMatch(/^No model was named: .* comes with lxmert/);
  expect(said[2]).toContain(path.join(options.folder, 'run'));
});

it('is what an interrupted quickstart has learned so far, with a word on how it goes on', () => {
  const said: string[] = [];
  const options = {
    folder: path.join(folder, 'interrupted'),
    notice: (line: string) => void said.push(line),
  };
  mkdirSync(path.join(options.folder, 'run'), { recursive: true });
  writeFileSync(path.join(options.folder, 'quickstart.json'), '{}');
  expect(sampleModel(options)).toBe(sampleModelFolder());
  expect(said[0]).toMatch(/was not finished; 'lxmert quickstart' goes on with it/);
  writeFileSync(path.join(options.folder, 'run/BEST.pth'), '');
  expect(sampleModel(options)).toBe(path.join(options.folder, 'run'));
  expect(said.at(-1)).toMatch(/as far as it has learned.*goes on with it/);
});

it('is told of where the run of a quickstart is named that has none yet', () => {
  const begun = path.join(folder, 'begun');
  mkdirSync(begun);
  writeFileSync(path.join(begun, 'quickstart.json'), '{}');
  const message = weightsPath().safeParse(path.join(begun, 'run')).error?.issues[0]?.message;
  expect(message).toContain(`the quickstart in '${begun}' was not finished: 'lxmert quickstart' goes on`);
  expect(weightsPath().safeParse(path.join(folder, 'run')).error?.issues[0]?.message).not.toContain(
    'goes on',
  );
  mkdirSync(path.join(begun, 'run'));
  writeFileSync(path.join(begun, 'run/LAST.pth'), '');
  expect(() => weightsOfRun(path.join(begun, 'run'), 'BEST', undefined)).toThrow(
    'Let the run go on (lxmert quickstart)',
  );
});
