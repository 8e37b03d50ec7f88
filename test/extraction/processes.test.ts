/** @file Extraction by real processes: killed at any moment, several at once, with and without a launcher's variables. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { extractFeatures } from '../../src/extraction/extract.js';
import type { ExtractionResult } from '../../src/extraction/settings.js';
import { plainRegions } from '../support/plainRegions.mjs';
import { type Started, start } from '../support/processes.js';
import { needing } from '../support/skips.js';
import { digestOf, imagesIn, paintFolder, temporaryFolder } from './pictures.js';

const NUM_PHOTOS = 40;
const worker = path.resolve('test/support/extractionWorker.mjs');
const folder = temporaryFolder('extract-processes');
const photos = path.join(folder, 'photos');
let whole = '';
let numPaths = 0;
const newPath = (): string => path.join(folder, `out${numPaths++}`);

beforeAll(async () => {
  await paintFolder(photos, NUM_PHOTOS);
  whole = path.join(folder, 'whole');
  await extractFeatures({ images: await imagesIn(photos), detector: plainRegions(), out: whole });
});

function startWorker(out: string, log: string, variables: Record<string, string> = {}): Started {
  const detector = { log, milliseconds: 20 };
  return start([worker, JSON.stringify({ sources: [photos], out, detector, blockSize: 4 })], variables);
}

async function resultOf({ ended }: Started): Promise<ExtractionResult> {
  const { stdout, stderr, status } = await ended;
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return JSON.parse(stdout) as ExtractionResult;
}

/** Each line is one detection in a picture, whose colors are its own. */
function detectionsIn(log: string): string[] {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
}

needing('program').describe('processes', () => {
  it('killed again and again lose no more than the picture in work', async () => {
    const [out, log] = [newPath(), newPath()];
    let numKilled = 0;
    for (;;) {
      const numBefore = detectionsIn(log).length;
      const one = startWorker(out, log);
      let hasEnded = false;
      void one.ended.then(() => {
        hasEnded = true;
      });
      // Five pictures more each time, so that it ends after a few.
      while (!hasEnded && detectionsIn(log).length < numBefore + 5) await sleep(5);
      if (!hasEnded) one.kill('SIGKILL');
      const { status } = await one.ended;
      if (status === 0) break;
      numKilled++;
      expect(existsSync(out)).toBe(false);
    }
    expect(numKilled).toBeGreaterThan(3);
    expect(digestOf(out)).toBe(digestOf(whole));
    expect(detectionsIn(log).length).toBeLessThanOrEqual(NUM_PHOTOS + 2 * numKilled);
    expect(existsSync(`${out}.extracting`)).toBe(false);
  }, 60_000);

  it.each([
    ['that know nothing of each other', undefined],
    ['with numbers from a launcher', 3],
  ])(
    '%s share a job: each picture is detected once',
    async (_, worldSize) => {
      const [out, log] = [newPath(), newPath()];
      const all = [0, 1, 2].map((rank) =>
        startWorker(
          out,
          log,
          worldSize === undefined ? {} : { RANK: String(rank), WORLD_SIZE: String(worldSize) },
        ),
      );
      const results = await Promise.all(all.map(resultOf));
      expect(new Set(detectionsIn(log)).size).toBe(NUM_PHOTOS);
      expect(detectionsIn(log)).toHaveLength(NUM_PHOTOS);
      expect(results.filter(({ numExtracted }) => numExtracted > 0).length).toBeGreaterThan(1);
      expect(results.filter(({ isComplete }) => isComplete).length).toBeGreaterThanOrEqual(1);
      expect(digestOf(out)).toBe(digestOf(whole));
    },
    60_000,
  );

  it('a part whose process is gone is done by whoever comes next; with numbers it waits for its owner', async () => {
    const [out, log] = [newPath(), newPath()];
    const first = await resultOf(startWorker(out, log, { RANK: '0', WORLD_SIZE: '2' }));
    expect(first).toMatchObject({ isComplete: false, numExtracted: 20, numLeft: 20, numImages: null });
    const blocks = path.join(`${out}.extracting`, 'blocks');
    expect(readdirSync(blocks).sort()).toEqual(['0.done', '2.done', '4.done', '6.done', '8.done']);
    // A process that died, one of another machine that still works, and one of it that has not for long.
    const claim = (block: number, host: string, pid: number): void =>
      writeFileSync(
        path.join(blocks, `${block}.claim`),
        JSON.stringify({ host, pid, started: '1', token: 'x' }),
      );
    claim(1, hostname(), 1);
    claim(3, 'elsewhere', 1);
    const second = await resultOf(startWorker(out, log));
    expect(second).toMatchObject({ isComplete: false, numExtracted: 16, numLeft: 4 });
    const { utimesSync } = await import('node:fs');
    utimesSync(path.join(blocks, '3.claim'), Date.now() / 1000 - 3600, Date.now() / 1000 - 3600);
    expect(await resultOf(startWorker(out, log))).toMatchObject({ isComplete: true, numExtracted: 4 });
    expect(digestOf(out)).toBe(digestOf(whole));
  }, 60_000);

  it('SIGTERM stops after the picture in work', async () => {
    const [out, log] = [newPath(), newPath()];
    const one = startWorker(out, log);
    while (detectionsIn(log).length < 3) await sleep(5);
    one.kill('SIGTERM');
    const stopped = await resultOf(one);
    expect(stopped).toMatchObject({ wasInterrupted: true, isComplete: false });
    const rest = await resultOf(startWorker(out, log));
    expect(stopped.numExtracted + rest.numExtracted).toBe(NUM_PHOTOS);
  }, 60_000);

  it('one with another list is refused while others are at work', async () => {
    const [out, log] = [newPath(), newPath()];
    const one = startWorker(out, log);
    while (detectionsIn(log).length < 3) await sleep(5);
    const images = (await imagesIn(photos)).slice(1);
    await expect(extractFeatures({ images, detector: plainRegions(), out, blockSize: 4 })).rejects.toThrow(
      /Another process is at work on .* with a list of 40 images, where this one's has 39/,
    );
    await resultOf(one);
    expect(digestOf(out)).toBe(digestOf(whole));
  }, 60_000);
});
