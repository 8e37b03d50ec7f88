/** @file The model that commands fall back on: trained once, found again, never half left behind. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { Lxmert } from '../../src/inference/lxmert.js';
import { sampleModel } from '../../src/quickstart/sampleModel.js';
import { getNumThreads } from '../../src/torch/index.js';

const top = mkdtempSync(path.join(tmpdir(), 'sample-model-'));
afterAll(() => rmSync(top, { recursive: true }));
/** Seconds of training. */
const settings = { numImages: 100, numEpochs: 2, numBoxes: 6, hiddenSize: 32 };

function options(folder: string, onProgress: (label: string) => void = () => undefined) {
  const controller = new AbortController();
  const said: string[] = [];
  return {
    said,
    controller,
    all: {
      folder,
      settings,
      signal: controller.signal,
      notice: (line: string) => void said.push(line),
      progress: (label: string) => {
        onProgress(label);
        return { update: () => undefined, stop: () => undefined };
      },
    },
  };
}

describe('the sample model', () => {
  it('is trained once, can be asked, and is found again', async () => {
    const folder = path.join(top, 'once');
    const threads = getNumThreads();
    const labels: string[] = [];
    const first = options(folder, (label) => void labels.push(label));
    const run = await sampleModel(first.all);
    expect(run).toBe(path.join(folder, 'run'));
    expect(first.said[0]).toMatch(/No model was named: one .* is trained/);
    expect(labels).toEqual(expect.arrayContaining(['Drawing scenes', 'Training']));
    expect(getNumThreads()).toBe(threads);
    using lxmert = await Lxmert.load({ model: run as string });
    const scene = path.join(folder, 'world/images/test/sample_test_000000.png');
    expect((await lxmert.answer(scene, 'What color is the ring?')).answers).toHaveLength(5);
    const { mtimeMs } = statSync(path.join(run as string, 'BEST.pth'));
    const again = options(folder, () => expect.unreachable('it is trained already'));
    expect(await sampleModel(again.all)).toBe(run);
    expect(statSync(path.join(run as string, 'BEST.pth')).mtimeMs).toBe(mtimeMs);
  });

  it.each(['Drawing scenes', 'Training'])('interrupted while %s, leaves nothing', async (at) => {
    const folder = path.join(top, 'interrupted');
    const stopped = options(folder, (label) => {
      if (label === at) stopped.controller.abort();
    });
    expect(await sampleModel(stopped.all)).toBeUndefined();
    expect(existsSync(folder)).toBe(false);
  });

  it('leaves a folder that holds something else alone', async () => {
    const folder = path.join(top, 'mine');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'notes.txt'), 'mine');
    await expect(sampleModel(options(folder).all)).rejects.toThrow(UsageError);
    expect(existsSync(path.join(folder, 'notes.txt'))).toBe(true);
  });
});
