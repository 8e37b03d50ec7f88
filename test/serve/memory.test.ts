/** @file A server's memory: large uploads at once keep within the budget, and what is not needed is given back. */

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collectGarbage } from '../../src/serve/collectGarbage.js';
import { MemoryBudget } from '../../src/serve/memoryBudget.js';
import { startResting } from '../../src/serve/memoryRest.js';
import { requireLibtorch } from '../../src/torch/index.js';
import { fileBytes } from '../support/fileBytes.js';
import { noisePicture } from '../support/noisePicture.js';
import { needing } from '../support/skips.js';
import { type TestServer, testServer } from './support.js';

const MEBIBYTE = 1 << 20;

needing('program').describe('large uploads', () => {
  let server: TestServer;
  const ofFiles = { loaded: 0, ready: 0 };
  beforeAll(async () => {
    requireLibtorch();
    ofFiles.loaded = fileBytes();
    server = await testServer();
    ofFiles.ready = fileBytes();
  });
  afterAll(() => server.close());

  it('find a server that has let go of what only the loading of libraries needed', () => {
    expect(ofFiles.ready).toBeLessThan(0.7 * ofFiles.loaded);
  });

  /** About 1.1 MB as a file, most of it behind its end; each index is another file. */
  async function picture(index: number): Promise<Buffer> {
    const png = await noisePicture(60, 50).png().toBuffer();
    return Buffer.concat([png, Buffer.alloc(1_100_000, index)]);
  }

  async function listen(memory: MemoryBudget, timeout = 100_000): Promise<string> {
    const { app } = await server.serve({ memory, timeout, maxBodyBytes: 2 * MEBIBYTE });
    return await app.listen({ host: '127.0.0.1', port: 0 });
  }

  async function upload(address: string, file: Buffer): Promise<Response> {
    const form = new FormData();
    form.append('question', 'what?');
    form.append('image', new Blob([new Uint8Array(file)]), 'a.png');
    return await fetch(`${address}/v1/answer`, { method: 'POST', body: form });
  }

  /** The most that a budget ever held. */
  function watched(numBytes: number, maxWaiting: number): { memory: MemoryBudget; most: () => number } {
    let most = 0;
    class Watched extends MemoryBudget {
      override async takeForBody(...given: Parameters<MemoryBudget['takeForBody']>) {
        const lease = await super.takeForBody(...given);
        most = Math.max(most, this.numHeld);
        return lease;
      }
      override async takeForWork(...given: Parameters<MemoryBudget['takeForWork']>) {
        const lease = await super.takeForWork(...given);
        most = Math.max(most, this.numHeld);
        return lease;
      }
    }
    return { memory: new Watched({ numBytes, maxWaiting }), most: () => most };
  }

  it('at once wait for each other and are all answered, within the budget', async () => {
    const { memory, most } = watched(6 * MEBIBYTE, 100);
    const address = await listen(memory);
    const files = await Promise.all(Array.from({ length: 12 }, (_, i) => picture(i)));
    const all = Promise.all(files.map((file) => upload(address, file)));
    // A question carries little: it is not behind them.
    const small = await upload(address, server.picture);
    expect(small.status).toBe(200);
    expect((await all).map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(most()).toBeLessThanOrEqual(6 * MEBIBYTE);
    expect(most()).toBeGreaterThan(3 * MEBIBYTE);
    expect([memory.numHeld, memory.numWaiting]).toEqual([0, 0]);
  });

  it('that would wait too long or are too many are told when to come again', async () => {
    const memory = new MemoryBudget({ numBytes: 2 * MEBIBYTE, maxWaiting: 1 });
    const address = await listen(memory, 1000);
    const held = await memory.takeForBody(MEBIBYTE, new AbortController().signal);
    const file = await picture(50);
    const answers = await Promise.all([upload(address, file), upload(address, file)]);
    expect(answers.map(({ status }) => status)).toEqual([429, 429]);
    for (const answer of answers) {
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(await answer.json()).toMatchObject({
        error: {
          code: 'overloaded',
          message: expect.stringMatching(/memory that there is for them \(2 MiB\)/),
        },
      });
    }
    held.release();
    expect((await upload(address, file)).status).toBe(200);
  });

  it('that trickle give way while others wait', async () => {
    const memory = new MemoryBudget({ numBytes: 3 * MEBIBYTE, maxWaiting: 10 });
    const address = await listen(memory, 4000);
    const start = performance.now();
    const slow = connect(Number(new URL(address).port), '127.0.0.1');
    slow.on('error', () => undefined);
    let said = '';
    slow.on('data', (data) => {
      said += data.toString();
    });
    slow.write(
      'POST /v1/answer HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 1500000\r\n\r\n--b\r\n',
    );
    await expect.poll(() => memory.numHeld).toBe(1_500_000);
    const answer = await upload(address, await picture(51));
    expect(answer.status).toBe(200);
    // Before the time of either was up.
    expect(performance.now() - start).toBeLessThan(3500);
    await expect.poll(() => said).toMatch(/^HTTP\/1\.1 408 /);
    expect(memory.numHeld).toBe(0);
  });

  it('of what is no picture, or too large a one, are told of while every worker is busy', async () => {
    const memory = new MemoryBudget({ numBytes: 6 * MEBIBYTE, maxWaiting: 10 });
    const hang = new Promise<never>(() => undefined);
    const pool = { facts: server.pool.facts, run: () => hang } as unknown as TestServer['pool'];
    const { app } = await server.serve({ pool, memory, maxBodyBytes: 2 * MEBIBYTE } as never);
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    void upload(address, await picture(52)).catch(() => undefined);
    const thin = await noisePicture(1, 1).resize(1, 70_000, { fit: 'fill' }).png().toBuffer();
    for (const file of [thin, Buffer.from('GIF89a, but no more')]) {
      const answer = await upload(address, file);
      expect(answer.status).toBe(422);
    }
    app.server.closeAllConnections();
  });
});

it('frees what is not needed any more', async () => {
  const before = process.memoryUsage().arrayBuffers;
  let large: Uint8Array | undefined = new Uint8Array(64 * MEBIBYTE).fill(1);
  expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(60 * MEBIBYTE);
  large = undefined;
  await collectGarbage();
  expect(large).toBeUndefined();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MEBIBYTE);
});

it('rests once after its start and after work, and now and then while large pictures keep coming', async () => {
  let [numDone, numBytes, numRests, isBusy] = [0, 0, 0, false];
  const stop = startResting({
    numDone: () => numDone,
    numBytesPassed: () => numBytes,
    isBusy: () => isBusy,
    rest: () => numRests++,
    interval: 20,
  });
  await expect.poll(() => numRests).toBe(1);
  await sleep(100);
  expect(numRests).toBe(1);
  numDone = 1;
  await expect.poll(() => numRests).toBe(2);
  await sleep(100);
  expect(numRests).toBe(2);
  isBusy = true;
  numDone = 2;
  await sleep(100);
  expect(numRests).toBe(2);
  numBytes += 200 * MEBIBYTE;
  await expect.poll(() => numRests).toBe(3);
  stop();
});
