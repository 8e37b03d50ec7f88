/** @file A server in this process, with real workers and small models of the sample world's kind. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyInstance } from 'fastify';
import sharp from 'sharp';
import { MemoryBudget } from '../../src/serve/memoryBudget.js';
import { buildServer, type ServerOptions } from '../../src/serve/server.js';
import { Service, type ServiceOptions } from '../../src/serve/service.js';
import { WorkerPool } from '../../src/serve/workers/workerPool.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

/** The built worker; threads cannot run the sources. */
export const workerProgram = pathToFileURL(path.resolve('dist/src/serve/workers/worker.js'));

export interface Served {
  readonly app: FastifyInstance;
  readonly service: Service;
}

/** A server of what a pool answers, closed by its caller. */
export async function serverOn(
  pool: WorkerPool,
  options: Partial<ServerOptions & ServiceOptions> = {},
): Promise<Served> {
  const service = new Service({
    pool,
    numWorkers: 1,
    maxBatch: 8,
    maxWait: 2,
    maxQueued: 100,
    cacheBytes: 1 << 22,
    memory: new MemoryBudget({ numBytes: 1 << 28, maxWaiting: 100 }),
    ...options,
  });
  const app = await buildServer({
    service,
    isReady: () => pool.numReady > 0,
    busyWorkers: () => pool.busyWorkers,
    numReplaced: () => pool.numReplaced,
    numTensors: () => pool.numTensors,
    maxBodyBytes: 1 << 20,
    timeout: 20_000,
    ...options,
  });
  return { app, service };
}

export interface TestServer {
  readonly folder: string;
  readonly pool: WorkerPool;
  /** A picture's file. */
  readonly picture: Buffer;
  serve(options?: Partial<ServerOptions & ServiceOptions>): Promise<Served>;
  close(): Promise<void>;
}

/** Two models, `first` and `second`, in one worker. */
export async function testServer(): Promise<TestServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'serve-'));
  const pixelRegions = { numBoxes: 5 };
  const names = ['first', 'second'] as const;
  for (const [seed, name] of names.entries()) {
    await writeSmallRun(path.join(folder, name), { featureSize: 2048, pixelRegions, seed: seed + 5 });
  }
  const picture = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#383' } })
    .png()
    .toBuffer();
  const [first, second] = names.map((name) => ({ name, source: { model: path.join(folder, name) } }));
  const pool = await WorkerPool.start({
    setup: { models: [first!, second!] },
    numWorkers: 1,
    program: workerProgram,
  });
  const apps: FastifyInstance[] = [];
  return {
    folder,
    pool,
    picture,
    async serve(options = {}) {
      const served = await serverOn(pool, options);
      apps.push(served.app);
      return served;
    },
    async close() {
      await Promise.all(apps.map((app) => app.close()));
      await pool.close();
      rmSync(folder, { recursive: true });
    },
  };
}
