/** @file Workers that are at one piece of work for long: told of, let go on, and ended only where the user set a limit. */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { MemoryBudget } from '../../src/serve/memoryBudget.js';
import { WorkerPool, type WorkerPoolOptions } from '../../src/serve/workers/workerPool.js';
import { noisePicture } from '../support/noisePicture.js';
import { serverOn } from './support.js';

const pools: WorkerPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

async function poolOf(options: Partial<WorkerPoolOptions>): Promise<{ pool: WorkerPool; said: string[] }> {
  const said: string[] = [];
  const pool = await WorkerPool.start({
    setup: { models: [{ name: 'none', source: { model: 'none' } }] },
    numWorkers: 1,
    program: pathToFileURL(path.resolve('test/support/slowWorker.mjs')),
    onBusy: (sentence) => said.push(sentence),
    onReplace: (reason) => said.push(reason),
    busyAfter: 100,
    ...options,
  });
  pools.push(pool);
  return { pool, said };
}

const seconds = (tenths: number) => ({ kind: 'detect' as const, pictures: [Uint8Array.of(tenths)] });

it('are told of with what they are at, less and less often, and when they are done', async () => {
  const { pool, said } = await poolOf({});
  const first = pool.run(seconds(9));
  const second = pool.run(seconds(0));
  await expect.poll(() => pool.busyWorkers[0]?.seconds ?? 0).toBeGreaterThan(0.3);
  expect(pool.busyWorkers).toEqual([
    { work: 'the regions of a picture (0.0 MB)', seconds: expect.any(Number) },
  ]);
  expect((await first)[0]?.row.imageId).toBe('seen');
  expect((await second)[0]?.row.imageId).toBe('seen');
  expect(said[0]).toMatch(
    /^A worker has been at the regions of a picture \(0\.0 MB\) for 0\.\d+ s; 1 more wait for one\.$/,
  );
  expect(said.at(-1)).toMatch(
    /^The worker is done with the regions of a picture \(0\.0 MB\) after [01]\.\d+ s\.$/,
  );
  expect(said.length).toBeGreaterThanOrEqual(3);
  expect(said.length).toBeLessThanOrEqual(6);
  expect([pool.busyWorkers, pool.numReplaced]).toEqual([[], 0]);
});

it('are ended and replaced after a limit that was set, and what waited is done', async () => {
  const { pool, said } = await poolOf({ timeout: 300 });
  const first = pool.run(seconds(200));
  const second = pool.run(seconds(0));
  await expect(first).rejects.toMatchObject({
    code: 'timeout',
    message: 'A worker was at the regions of a picture (0.0 MB) for more than 0.3 s, and was ended.',
  });
  expect((await second)[0]?.row.imageId).toBe('seen');
  expect(pool.numReplaced).toBe(1);
  expect(said.at(-1)).toBe('it was at the regions of a picture (0.0 MB) for more than 0.3 s');
});

it('are in the figures and in the answers of those that wait, and a server whose workers are all stuck is not ready', async () => {
  const { pool } = await poolOf({});
  const timeout = 500;
  const { app } = await serverOn(pool, {
    maxBatch: 1,
    maxWait: 0,
    maxQueued: 10,
    cacheBytes: 0,
    memory: new MemoryBudget({ numBytes: 1 << 20, maxWaiting: 1 }),
    timeout,
  });
  const ready = async () => await app.inject('/readyz');
  expect((await ready()).statusCode).toBe(200);
  // A PNG file begins with 137: the worker is at it for 13.7 s.
  const png = await noisePicture(9, 9).png().toBuffer();
  const image = png.toString('base64');
  const first = app.inject({ method: 'POST', url: '/v1/regions', payload: { image } });
  await expect
    .poll(() => pool.busyWorkers[0]?.seconds ?? 0, { timeout: 5000 })
    .toBeGreaterThan(timeout / 1000);
  expect((await ready()).json()).toEqual({ status: 'busy' });
  expect((await ready()).statusCode).toBe(503);
  const figures = (await app.inject('/metrics')).body;
  expect(Number(/^lxmert_worker_busy_seconds (\S+)$/m.exec(figures)?.[1])).toBeGreaterThan(0.5);
  await first;
  const second = await app.inject({
    method: 'POST',
    url: '/v1/regions',
    payload: { image: Buffer.concat([png, png]).toString('base64') },
  });
  expect(second.statusCode).toBe(504);
  expect(second.json().error.message).toMatch(
    /^The request took longer than 0\.5 s; a worker has been at the regions of a picture \(0\.0 MB\) for \d+ s\.$/,
  );
  await app.close();
});
