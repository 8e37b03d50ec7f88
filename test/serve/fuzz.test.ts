/** @file Ten thousand malformed requests and pictures: no crash, no failure of the server's own, no worker lost. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { WorkerPool } from '../../src/serve/workers/workerPool.js';
import { noisePicture } from '../support/noisePicture.js';
import { needing } from '../support/skips.js';
import { writeSmallRun } from '../support/tinyLxmert.js';
import { serverOn, workerProgram } from './support.js';

const NUM_REQUESTS = 10_000;
const folder = mkdtempSync(path.join(tmpdir(), 'serve-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));
const random = new Random(99);
const pick = <T>(items: readonly T[]): T => random.pick(items);
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.integer(256)));

/** A PNG of a few bytes that says it has 40,000 x 40,000 pixels. */
function bomb(): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(40_000, 0);
  header.writeUInt32BE(40_000, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

needing('program').describe('malformed requests', () => {
  it('are answered with what is wrong, and the server answers well afterwards', async () => {
    const run = path.join(folder, 'run');
    await writeSmallRun(run, { featureSize: 2048, pixelRegions: { numBoxes: 5 } });
    const pool = await WorkerPool.start({
      setup: { models: [{ name: 'small', source: { model: run } }] },
      numWorkers: 1,
      program: workerProgram,
    });
    const failures: unknown[] = [];
    const { app, service } = await serverOn(pool, {
      maxWait: 0,
      maxQueued: 1000,
      cacheBytes: 1 << 20,
      maxBodyBytes: 1 << 16,
      timeout: 30_000,
      onFailure: (_, error) => failures.push(error),
    });
    const make = (format: 'png' | 'jpeg' | 'webp') => noisePicture(40, 30).toFormat(format).toBuffer();
    const pictures = await Promise.all((['png', 'jpeg', 'webp'] as const).map(make));
    const damaged = (): Buffer => {
      const picture = Buffer.from(pick(pictures));
      if (random.uniform() < 0.3) return picture.subarray(0, random.integer(picture.length));
      for (let i = 0; i < 1 + random.integer(20); i++)
        picture[random.integer(picture.length)] = random.integer(256);
      return picture;
    };
    const scalar = (): unknown =>
      pick([
        null,
        true,
        -1,
        1e308,
        '',
        'x',
        [],
        {},
        [[]],
        Number.MAX_SAFE_INTEGER,
        '\u0000',
        'ab'.repeat(32),
      ]);
    const json = (): unknown => ({
      ...(random.uniform() < 0.5
        ? { image: pick<unknown>([damaged().toString('base64'), bytes(30).toString('base64'), scalar()]) }
        : {}),
      ...(random.uniform() < 0.2 ? { imageId: scalar() } : {}),
      ...(random.uniform() < 0.3
        ? {
            features: {
              width: scalar(),
              height: 5,
              boxes: pick<unknown>([[[0, 0, 1, 1]], [[1, 2]], scalar()]),
              features: bytes(16).toString('base64'),
            },
          }
        : {}),
      questions: pick<unknown>([['what?'], ['x'.repeat(1001)], Array(65).fill('a'), scalar(), [scalar()]]),
      ...(random.uniform() < 0.2 ? { topK: scalar() } : {}),
      ...(random.uniform() < 0.1 ? { __proto__: { x: 1 }, constructor: 5 } : {}),
    });
    const body = (): [string, string | Buffer] => {
      const kind = random.uniform();
      if (kind < 0.6) return ['application/json', JSON.stringify(json())];
      if (kind < 0.7) return ['application/json', bytes(random.integer(200))];
      if (kind < 0.72) return ['application/json', `{"image":"${'A'.repeat(1 << 17)}"}`];
      if (kind < 0.75) return ['application/json', '['.repeat(5000)];
      if (kind < 0.95) {
        const file = pick([damaged, bomb, () => bytes(50), () => Buffer.alloc(0)])();
        const name = pick(['image', 'other', '']);
        const end = pick(['--b--\r\n', '', '--b']);
        return [
          pick(['multipart/form-data; boundary=b', 'multipart/form-data', 'multipart/form-data; boundary=']),
          Buffer.concat([
            Buffer.from(
              `--b\r\nContent-Disposition: form-data; name="question"\r\n\r\nwhat?\r\n--b\r\nContent-Disposition: form-data; name="${name}"; filename="${pick(['a.png', '../../x', '\u0000'])}"\r\n\r\n`,
            ),
            file,
            Buffer.from(`\r\n${end}`),
          ]),
        ];
      }
      return [pick(['text/plain', 'image/png', '', 'x/y; charset=no']), bytes(random.integer(100))];
    };
    const statuses = new Map<number, number>();
    for (let done = 0; done < NUM_REQUESTS; done += 50) {
      const responses = await Promise.all(
        Array.from({ length: 50 }, () => {
          const [type, payload] = body();
          const url = pick([
            '/v1/answer',
            '/v1/answer',
            '/v1/answer',
            '/v1/features',
            '/v1/..%2f..',
            `/${'a'.repeat(300)}`,
          ]);
          return app.inject({
            method: pick(['POST', 'POST', 'POST', 'PUT', 'GET']),
            url,
            payload,
            headers: { 'content-type': type },
          });
        }),
      );
      for (const response of responses) {
        statuses.set(response.statusCode, (statuses.get(response.statusCode) ?? 0) + 1);
        if (response.statusCode >= 500)
          throw new Error(`${response.statusCode}: ${response.body}`, { cause: failures[0] });
        expect(typeof response.json<{ error?: { message: string } }>()).toBe('object');
      }
    }
    // Many kinds of refusal, and some pictures that are whole in spite of all.
    for (const status of [200, 400, 404, 413, 415, 422])
      expect(statuses.get(status), String(status)).toBeGreaterThan(0);
    const good = await app.inject({
      method: 'POST',
      url: '/v1/answer',
      payload: { image: (pictures[0] as Buffer).toString('base64'), questions: ['what?'] },
    });
    expect([good.statusCode, pool.numReplaced, service.numWaiting]).toEqual([200, 0, 0]);
    expect(service.cache.numBytes).toBeLessThanOrEqual(1 << 20);
    await app.close();
    await pool.close();
  }, 300_000);
});
