/** @file The client against a server that listens on a port. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LxmertClient, LxmertClientError } from '../../src/serve/client.js';
import { WorkerPool } from '../../src/serve/workers/workerPool.js';
import { needing } from '../support/skips.js';
import { writeSmallRun } from '../support/tinyLxmert.js';
import { serverOn, workerProgram } from './support.js';

const folder = mkdtempSync(path.join(tmpdir(), 'serve-client-'));
const photo = path.join(folder, 'photo.png');
const token = 'a-token-of-some-length';
afterAll(() => rmSync(folder, { recursive: true }));

needing('program').describe('the client', () => {
  it('takes a picture as text, as FileReader gives it', async () => {
    const bytes = readFileSync(photo);
    const { imageId } = await client.regions(bytes);
    for (const text of [`data:image/png;base64,${bytes.toString('base64')}`, bytes.toString('base64url')]) {
      expect((await client.regions(text)).imageId).toBe(imageId);
      expect((await client.answer(text, ['what?'])).imageId).toBe(imageId);
    }
    // A form and JSON say the same of choices.
    const choices = ['no answer of it', 'neither'];
    for (const image of [bytes, { imageId: imageId! }]) {
      const [result] = (await client.answer(image, ['what?'], { choices })).results;
      expect(result!.answers.map(({ answer, isKnown }) => [answer, isKnown])).toEqual([
        ['no answer of it', false],
        ['neither', false],
      ]);
    }
    await expect(client.regions('photo.png')).rejects.toThrow(
      /expected base64, found what looks like the name/,
    );
    await expect(client.regions('iVBO*w==')).rejects.toThrow(/found other characters/);
  });

  let pool: WorkerPool;
  let app: FastifyInstance;
  let client: LxmertClient;
  let address = '';
  beforeAll(async () => {
    const run = path.join(folder, 'run');
    await writeSmallRun(run, { featureSize: 2048, pixelRegions: { numBoxes: 5 } });
    await sharp({ create: { width: 60, height: 40, channels: 3, background: '#383' } })
      .png()
      .toFile(photo);
    pool = await WorkerPool.start({
      setup: { models: [{ name: 'small', source: { model: run } }] },
      numWorkers: 1,
      program: workerProgram,
    });
    ({ app } = await serverOn(pool, { maxWait: 1, maxQueued: 2, token }));
    await app.listen({ host: '127.0.0.1', port: 0 });
    address = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    client = new LxmertClient(`${address}/`, { token });
  }, 60_000);
  afterAll(async () => {
    await app.close();
    await pool.close();
  });

  it('asks by picture, by id and by features, with the same answers', async () => {
    const bytes = new Uint8Array(readFileSync(photo));
    const options = { topK: 2, regions: true };
    const first = await client.answer(bytes, ['what?', 'is the cat white?'], options);
    expect(first.results.map(({ answers }) => answers.length)).toEqual([2, 2]);
    expect(first.regions).toHaveLength(5);
    expect(await client.answer(new Blob([bytes]), ['what?', 'is the cat white?'], options)).toEqual(first);
    const { imageId } = first;
    expect((await client.answer({ imageId: imageId ?? '' }, ['what?'], { topK: 2 })).results).toEqual(
      first.results.slice(0, 1),
    );
    const { width, height, regions, features } = await client.features(bytes);
    expect(features).toHaveLength(5 * 2048);
    const given = { width, height, boxes: regions.map(({ box }) => box), features };
    expect((await client.answer(given, ['what?'], { topK: 2 })).results).toEqual(first.results.slice(0, 1));
  });

  it('says what the server refused, and when to try again', async () => {
    const refusal = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
    const bytes = new Uint8Array(readFileSync(photo));
    const noPicture = await refusal(client.answer(new Uint8Array([1, 2, 3]), ['what?']));
    expect(noPicture).toBeInstanceOf(LxmertClientError);
    expect(noPicture).toMatchObject({
      status: 422,
      code: 'unprocessable_image',
      requestId: expect.any(String),
      retryAfter: undefined,
    });
    expect(await refusal(new LxmertClient(address).answer(bytes, ['what?']))).toMatchObject({ status: 401 });
    const many = await refusal(client.answer(bytes, ['a', 'b', 'c', 'd', 'e', 'f']));
    expect(many).toMatchObject({ status: 429, code: 'overloaded', retryAfter: 1 });
    const aborted = await refusal(client.answer(bytes, ['what?'], { signal: AbortSignal.abort() }));
    expect(aborted).toMatchObject({ name: 'AbortError' });
    const words = async () => new Response('Bad gateway', { status: 502 });
    expect(await refusal(new LxmertClient(address, { fetch: words }).answer(bytes, ['what?']))).toMatchObject(
      {
        status: 502,
        message: 'Bad gateway',
        code: 'unknown',
      },
    );
  });
});
