/** @file A quickstart that is stopped while it draws, then while it trains, and goes on to its end each time. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type QuickstartOptions, runQuickstart } from '../../src/quickstart/quickstart.js';
import type { QuickstartResult } from '../../src/quickstart/quickstartResult.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'quickstart-'));
afterAll(() => rmSync(folder, { recursive: true }));
const said: string[] = [];

/** Stops once the work of this label has come so far. */
function start(
  name: string,
  stop?: { readonly during: string; readonly after: number },
  more: Partial<QuickstartOptions> = {},
): Promise<QuickstartResult> {
  const controller = new AbortController();
  return runQuickstart({
    folder: path.join(folder, name),
    ...{ numImages: 30, numEpochs: 2, numBoxes: 6, hiddenSize: 16, learningRate: 1e-3, batchSize: 16 },
    ...{ numThreads: 1, precision: 'float32', seed: 5 },
    progress: (label) => ({
      update: (done) => {
        if (label === stop?.during && done >= stop.after) controller.abort();
      },
      stop: () => undefined,
    }),
    notice: (line) => void said.push(line),
    signal: controller.signal,
    ...more,
  });
}

needing('bridge').describe('a quickstart', () => {
  it('goes on where it was stopped, to the numbers of one that was not', async () => {
    await expect(start('stopped', { during: 'Drawing scenes', after: 4 })).rejects.toThrow(/abort/i);
    expect(said.at(-1)).toBe(
      'Stopped while scenes were drawn. The same command draws them anew and goes on.',
    );
    expect(existsSync(path.join(folder, 'stopped/world/world.json'))).toBe(false);

    const half = await start('stopped', { during: 'Training', after: 5 });
    expect(said).toContainEqual(expect.stringMatching(/goes on; its scenes are drawn anew\.$/));
    expect(half).toMatchObject({ wasInterrupted: true, numSteps: 5, report: undefined });

    const whole = await start('stopped');
    expect(said).toContainEqual(expect.stringMatching(/Resumed after step 5/));
    const atOnce = await start('at-once');
    expect(whole.accuracy).toEqual(atOnce.accuracy);
    expect(whole.numSteps).toBe(atOnce.numSteps);
    expect(existsSync(whole.report ?? '')).toBe(true);
    // Once more there is nothing to do but to tell.
    expect((await start('stopped')).accuracy).toEqual(atOnce.accuracy);
  }, 120_000);

  it('is not begun among other files, nor gone on with by other settings, and leaves them as they are', async () => {
    const other = path.join(folder, 'other');
    mkdirSync(other);
    writeFileSync(path.join(other, 'mine.txt'), '');
    await expect(start('other')).rejects.toThrow(/not empty, and no quickstart/);
    expect(readdirSync(other)).toEqual(['mine.txt']);
    await expect(start('at-once', undefined, { numEpochs: 7, seed: 6 })).rejects.toThrow(
      'begun with --num-epochs 2, here it is 7; --seed 5, here it is 6.',
    );
  });
});
