/** @file The server over HTTP, with real workers and a small model of the sample world's kind. */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lxmert } from '../../src/inference/lxmert.js';
import { LxmertImage } from '../../src/inference/lxmertImage.js';
import type { AnswerResponse, FeaturesResponse } from '../../src/serve/api.js';
import { WorkerPool } from '../../src/serve/workers/workerPool.js';
import { needing } from '../support/skips.js';
import { type TestServer, testServer, workerProgram } from './support.js';

needing('program').describe('the server', () => {
  let server: TestServer;
  let run: string;
  beforeAll(async () => {
    server = await testServer();
    run = path.join(server.folder, 'first');
  });
  afterAll(() => server.close());

  const image = (): string => server.picture.toString('base64');
  const ask = (app: FastifyInstance, payload: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/v1/answer', payload, headers });

  it('answers as the model does, from a picture, its id and its features', async () => {
    const { app } = await server.serve();
    const questions = ['what color?', 'is the cat white?'];
    const response = await ask(app, { image: image(), questions, topK: 3, regions: true });
    expect(response.statusCode).toBe(200);
    const body = response.json<AnswerResponse>();
    using lxmert = await Lxmert.load({ model: run });
    const expected = await lxmert.answerAll(LxmertImage.fromBytes(server.picture), questions, { topK: 3 });
    expect(body).toMatchObject({ width: 60, height: 40, imageId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    body.results.forEach(({ question, answers }, i) => {
      expect(question).toBe(questions[i]);
      expect(answers.map(({ answer }) => answer)).toEqual(expected[i]?.answers.map(({ answer }) => answer));
      answers.forEach(({ probability }, k) => {
        expect(probability).toBeCloseTo(expected[i]?.answers[k]?.probability ?? -1, 4);
      });
    });
    const [best, , last] = expected[0]!.answers.map(({ answer }) => answer);
    const choices = [last!, 'no answer of it', best!];
    const chosen = await ask(app, { imageId: body.imageId, questions, choices });
    expect(chosen.json<AnswerResponse>().results[0]!.answers).toMatchObject([
      { answer: best, isKnown: true },
      { answer: last, isKnown: true },
      { answer: 'no answer of it', probability: 0, share: 0, isKnown: false },
    ]);
    expect((await ask(app, { imageId: body.imageId, questions, choices: [''] })).statusCode).toBe(400);
    expect(body.regions).toHaveLength(5);
    const again = await ask(app, { imageId: body.imageId, questions, topK: 3 });
    expect(again.json<AnswerResponse>().results).toEqual(body.results);
    const features = await app.inject({ method: 'POST', url: '/v1/features', payload: { image: image() } });
    const seen = features.json<FeaturesResponse>();
    expect([seen.featureSize, seen.regions.length, seen.imageId]).toEqual([2048, 5, body.imageId]);
    const given = {
      width: 60,
      height: 40,
      boxes: seen.regions.map(({ box }) => box),
      features: seen.features,
    };
    const fromFeatures = await ask(app, { features: given, questions, topK: 3 });
    expect(fromFeatures.json<AnswerResponse>()).toMatchObject({ imageId: null, results: body.results });
  });

  it('takes pictures and features in base64 of any form', async () => {
    const { app } = await server.serve();
    const seen = (
      await app.inject({ method: 'POST', url: '/v1/features', payload: { image: image() } })
    ).json<FeaturesResponse>();
    const forms = (text: string): string[] => [
      `data:image/png;base64,${text}`,
      text.replace(/.{76}/g, '$&\r\n'),
      text.replace(/=+$/, ''),
      text.replaceAll('+', '-').replaceAll('/', '_'),
    ];
    for (const form of forms(image())) {
      const response = await ask(app, { image: form, questions: ['what?'] });
      expect(response.statusCode, response.body).toBe(200);
      expect(response.json<AnswerResponse>().imageId).toBe(seen.imageId);
    }
    const boxes = seen.regions.map(({ box }) => box);
    for (const features of forms(seen.features)) {
      const response = await ask(app, {
        features: { width: 60, height: 40, boxes, features },
        questions: ['what?'],
      });
      expect(response.statusCode, response.body).toBe(200);
    }
  });

  it('refuses numbers that no detector gives: boxes as shares, other types, values without bounds', async () => {
    const { app } = await server.serve();
    const boxes = [
      [0, 0, 60, 40],
      [5, 5, 30, 20],
    ];
    const values = Float32Array.from({ length: 2 * 2048 }, (_, i) => (i % 17) / 2);
    const bytesOf = (array: Float32Array | Float64Array): Buffer => Buffer.from(array.buffer);
    const swapped = bytesOf(values.slice()).swap32();
    const answer = (features: Buffer, given: unknown = boxes, more: object = {}) =>
      ask(app, {
        features: { width: 60, height: 40, boxes: given, features: features.toString('base64'), ...more },
        questions: ['what?'],
      });
    expect((await answer(bytesOf(values))).statusCode).toBe(200);
    const cases: [ReturnType<typeof answer>, RegExp][] = [
      [
        answer(bytesOf(values), [
          [0, 0, 1, 1],
          [0.1, 0.2, 0.5, 0.9],
        ]),
        /lie between 0 and 1, and the picture is 60 x 40: they are shares .* multiply x1 and x2 by 60/,
      ],
      [answer(bytesOf(values), [boxes[0], [30, 5, 5, 20]]), /runs backwards/],
      [answer(bytesOf(values), [boxes[0], [30, 5, 90, 20]]), /leaves the image/],
      [answer(bytesOf(values.slice(0, 2048))), /As many float16 values are that many bytes/],
      [answer(bytesOf(Float64Array.from(values))), /As many float64 values are that many bytes/],
      [answer(swapped), /largest value is .*another type or byte order/],
      [answer(bytesOf(values.map(() => 3e38))), /the largest value is 3\.00e\+38/],
      [answer(bytesOf(values.map(() => 1e-30))), /the largest value is 1\.00e-30/],
      [answer(bytesOf(values.map(() => Number.NaN))), /not sound/],
      [answer(bytesOf(values), boxes, { width: 60.5 }), /width: expected a whole number, found 60\.5/],
      [answer(bytesOf(values), boxes, { width: '60' }), /width: expected a number, found \\"60\\"/],
    ];
    for (const [response, message] of cases) {
      const { statusCode, body } = await response;
      expect(body).toMatch(message);
      expect(statusCode).toBe(400);
    }
  });

  it('speaks of wrong keys and types in its own words', async () => {
    const { app } = await server.serve();
    const cases: [object, RegExp][] = [
      [{ image: image() }, /questions: expected a list, found nothing/],
      [
        { image: image(), questions: ['what?'], question: 'what?' },
        /there is no key 'question'; known are image, imageId, features, questions/,
      ],
      [{ image: 5, questions: ['what?'] }, /image: expected text, found 5/],
      [{ image: image(), questions: ['what?'], topK: 1.5 }, /topK: expected a whole number, found 1\.5/],
      [
        { image: image(), questions: ['x'.repeat(1001)] },
        /questions\.0: expected text of at most 1000 characters/,
      ],
      [{ imageId: 'x', questions: ['what?'] }, /imageId: expected the imageId of an earlier response/],
      [[], /expected an object, found \[\]/],
    ];
    for (const [payload, message] of cases) {
      const { statusCode, body } = await ask(app, payload);
      expect(JSON.parse(body).error.message).toMatch(message);
      expect(body).not.toMatch(/Invalid|received/);
      expect(statusCode).toBe(400);
    }
  });

  it('takes a form with a file', async () => {
    const { app } = await server.serve();
    const form = new FormData();
    form.append('question', 'what?');
    form.append('question', 'is the cat white?');
    form.append('topK', '2');
    form.append('image', new Blob([new Uint8Array(server.picture)]), 'photo.png');
    const encoded = new Response(form);
    const response = await app.inject({
      method: 'POST',
      url: '/v1/answer',
      payload: Buffer.from(await encoded.arrayBuffer()),
      headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
    });
    expect(response.statusCode).toBe(200);
    expect(response.json<AnswerResponse>().results.map(({ answers }) => answers.length)).toEqual([2, 2]);
  });

  it('says what is wrong with a form in words of its own', async () => {
    const { app } = await server.serve();
    const send = async (fields: readonly (readonly [name: string, value: string | Blob])[]) => {
      const form = new FormData();
      for (const [name, value] of fields) form.append(name, value);
      const encoded = new Response(form);
      const payload = Buffer.from(await encoded.arrayBuffer());
      return post(payload, encoded.headers.get('content-type') ?? '');
    };
    const post = (payload: Buffer | string, type: string) =>
      app.inject({ method: 'POST', url: '/v1/answer', payload, headers: { 'content-type': type } });
    const picture = ['image', new Blob([new Uint8Array(server.picture)])] as const;
    const asked = [picture, ['question', 'what?']] as const;
    const cases: [Awaited<ReturnType<typeof send>>, RegExp][] = [
      [await send([...asked, ['topK', 'abc']]), /topK: expected a number, found "abc"/],
      [await send([...asked, ['topK', '']]), /topK: expected a number, found ""/],
      [await send([...asked, picture]), /more than one file/],
      [await send([...asked, ...Array(300).fill(['choice', 'a'])]), /at most 64 questions and 100 choices/],
      [await send([picture]), /send each question as a field 'question'/],
      [await send([['question', 'what?']]), /no picture: send its file as the field 'image'/],
      [await send([...asked.slice(1), ['image', 'AAAA']]), /'image' is text.* curl -F image=@photo.jpg/],
      [await post('x', 'multipart/form-data'), /names no boundary, which curl -F and FormData add/],
      [
        await post(
          '--a\r\nContent-Disposition: form-data; name="b"\r\n\r\n',
          'multipart/form-data; boundary=a',
        ),
        /cut short/,
      ],
      [await post('', 'application/json'), /and is empty: expected an object/],
    ];
    for (const [response, message] of cases) {
      expect(response.statusCode).toBe(400);
      expect(response.json<{ error: { message: string } }>().error.message).toMatch(message);
    }
    const choices = Array.from({ length: 100 }, (_, i) => ['choice', `answer ${i}`] as const);
    expect((await send([...asked, ...choices])).statusCode).toBe(200);
  });

  it('detects the regions of a picture once, and answers what comes together together', async () => {
    const { app, service } = await server.serve();
    const payload = { image: image(), questions: ['what?'] };
    const responses = await Promise.all(Array.from({ length: 16 }, () => ask(app, payload)));
    expect(responses.every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect(service.counts).toMatchObject({ cacheMisses: 1, questions: 16 });
    expect(service.counts.batches).toBeLessThan(8);
  });

  it('says what is wrong with a request, and goes on', async () => {
    const { app } = await server.serve();
    const cases: [object, number, RegExp][] = [
      [{ questions: ['what?'] }, 400, /exactly one of image, imageId and features/],
      [{ image: image(), questions: [] }, 400, /questions/],
      [{ image: image(), questions: ['what?'], topK: 0 }, 400, /topK/],
      [{ image: image(), questions: ['what?'], other: 1 }, 400, /other/],
      [{ image: 'AAAA', questions: ['what?'] }, 422, /begins with zeros/],
      [{ image: '!', questions: ['what?'] }, 400, /base64/],
      [{ imageId: 'ab'.repeat(32), questions: ['what?'] }, 404, /not kept here/],
      [{ image: image(), questions: [' '] }, 400, /questions.0: expected a question with words/],
      [
        { features: { width: 5, height: 5, boxes: [[0, 0, 9, 4]], features: 'AAAA' }, questions: ['x'] },
        400,
        /float32/,
      ],
      [
        { features: { width: 5, height: 5, boxes: [[0, 0, 9, 4]], features: 'AAAAAAAA' }, questions: ['x'] },
        400,
        /features/,
      ],
    ];
    for (const [payload, status, message] of cases) {
      const response = await ask(app, payload);
      expect([JSON.stringify(payload).slice(0, 60), response.statusCode]).toEqual([
        JSON.stringify(payload).slice(0, 60),
        status,
      ]);
      expect(response.body).toMatch(message);
    }
    const noJson = await app.inject({
      method: 'POST',
      url: '/v1/answer',
      payload: '{"image": ',
      headers: { 'content-type': 'application/json' },
    });
    expect(noJson.statusCode).toBe(400);
    expect(noJson.body).toContain('says that it is JSON');
    const text = await app.inject({
      method: 'POST',
      url: '/v1/answer',
      payload: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    expect(text.statusCode).toBe(415);
    expect(text.body).toContain('Content-Type: application/json');
    const large = await ask(app, { image: 'A'.repeat(1 << 21), questions: ['what?'] });
    expect(large.statusCode).toBe(413);
    const nowhere = await app.inject({ method: 'GET', url: '/etc/passwd' });
    expect(nowhere.json()).toMatchObject({
      error: { code: 'not_found', message: expect.any(String), requestId: expect.any(String) },
    });
    expect((await ask(app, { image: image(), questions: ['what?'] })).statusCode).toBe(200);
  });

  it('refuses what is too much with 429 and when to come back, and what takes too long with 504', async () => {
    const { app } = await server.serve({ maxQueued: 2, maxWait: 50 });
    const payload = { image: image(), questions: ['what?'] };
    await ask(app, payload);
    const many = await Promise.all(Array.from({ length: 6 }, () => ask(app, payload)));
    const refused = many.filter(({ statusCode }) => statusCode === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers['retry-after']).toBe('1');
    expect(many.filter(({ statusCode }) => statusCode === 200).length).toBeGreaterThan(0);
    const { app: hasty } = await server.serve({ timeout: 20, maxWait: 500 });
    expect((await ask(hasty, payload)).statusCode).toBe(504);
    // Longer than what Node.js gives a request by itself.
    const { app: patient } = await server.serve({ timeout: 600_000 });
    expect((await ask(patient, payload)).statusCode).toBe(200);
  });

  it('asks for a token where one is set, and for none elsewhere', async () => {
    const { app } = await server.serve({ token: 'a-token-of-some-length' });
    const payload = { image: image(), questions: ['what?'] };
    expect((await ask(app, payload)).statusCode).toBe(401);
    expect((await ask(app, payload, { authorization: 'Bearer wrong' })).statusCode).toBe(401);
    expect((await ask(app, payload, { authorization: 'Bearer a-token-of-some-length' })).statusCode).toBe(
      200,
    );
    for (const url of ['/%761/answer', '/v1/%61nswer', '/%76%31/models', '//v1/answer', '/v1//answer']) {
      const method = url.endsWith('models') ? 'GET' : 'POST';
      const { statusCode } = await app.inject({ method, url, ...(method === 'POST' ? { payload } : {}) });
      expect([401, 404], url).toContain(statusCode);
    }
    expect((await app.inject('/healthz')).statusCode).toBe(200);
  });

  it('tells of itself: models, health, figures, OpenAPI, and headers that browsers heed', async () => {
    const { app } = await server.serve();
    await ask(app, { image: image(), questions: ['what?'] });
    expect((await app.inject('/v1/models')).json()).toMatchObject({
      // Where the files lie on this machine is not told.
      models: ['first', 'second'].map((name) => ({
        ...{ name, weightsFiles: [`${name}/BEST.pth`], canExplain: true },
        ...{ numAnswers: 5, featureSize: 2048, detector: null, seesPictures: true },
      })),
    });
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready' });
    const metrics = (await app.inject('/metrics')).body;
    expect(metrics).toContain('lxmert_requests_total{route="/v1/answer",status="200"} 1');
    expect(metrics).toMatch(/lxmert_vision_cache_entries 1\n/);
    const document = (await app.inject('/openapi.json')).json<{ paths: Record<string, object> }>();
    expect(Object.keys(document.paths)).toContain('/v1/answer');
    const { headers } = await app.inject('/healthz');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it('replaces a worker that dies, and does its work once more', async () => {
    let replaced = 0;
    const own = await WorkerPool.start({
      setup: { models: [{ name: 'small', source: { model: run } }] },
      numWorkers: 1,
      program: pathToFileURL(path.resolve('test/support/dyingWorker.mjs')),
      onReplace: () => replaced++,
    });
    // It dies at its first job; the one that takes its place answers.
    const seen = await own.run({ kind: 'detect', pictures: [new Uint8Array([1])] });
    expect([seen[0]?.row.imageId, replaced, own.numReplaced]).toEqual(['survived', 1, 1]);
    // One that kills every worker is given up after the second.
    await expect(own.run({ kind: 'detect', pictures: [new Uint8Array([0])] })).rejects.toMatchObject({
      status: 500,
    });
    const again = await own.run({ kind: 'detect', pictures: [new Uint8Array([1])] });
    expect(again[0]?.row.imageId).toBe('survived');
    await own.close();
    await expect(own.run({ kind: 'detect', pictures: [new Uint8Array([1])] })).rejects.toMatchObject({
      status: 503,
    });
  });

  it('lets nothing wait for ever when the pool is closed, or a worker died before it began', async () => {
    const own = await WorkerPool.start({
      setup: { models: [{ name: 'small', source: { model: run } }] },
      numWorkers: 1,
      program: workerProgram,
    });
    const jobs = Array.from({ length: 3 }, () =>
      own.run({ kind: 'detect', pictures: [Uint8Array.from(server.picture)] }),
    );
    const settled = Promise.allSettled(jobs);
    await own.close();
    for (const each of await settled)
      expect(each).toMatchObject({ status: 'rejected', reason: { status: 503 } });
  });

  it('refuses lists of millions without looking at them one by one', async () => {
    const { app } = await server.serve({ maxBodyBytes: 1 << 23 });
    const many = Array.from({ length: 300_000 }, () => []);
    const cases: [object, RegExp][] = [
      [{ image: image(), questions: many }, /questions: at most 64/],
      [
        { features: { width: 5, height: 5, boxes: many, features: 'AAAA' }, questions: ['x'] },
        /boxes: at most 100/,
      ],
      [{ ...Object.fromEntries(many.map((_, i) => [`key${i}`, 1])), questions: ['x'] }, /keys: at most 20/],
    ];
    for (const [payload, message] of cases) {
      const response = await ask(app, payload);
      expect([response.statusCode, response.body]).toEqual([400, expect.stringMatching(message)]);
    }
  });

  it('a model that cannot be loaded is said at the start', async () => {
    const start = WorkerPool.start({
      setup: { models: [{ name: 'small', source: { model: path.join(server.folder, 'absent') } }] },
      numWorkers: 2,
      program: workerProgram,
    });
    await expect(start).rejects.toThrow(/absent/);
  });
});
