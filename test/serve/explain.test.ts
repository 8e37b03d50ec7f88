/** @file Explanations, several models, regions and samples over HTTP. */

import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explanationOf } from '../../src/explain/explanation.js';
import type { WithoutPart } from '../../src/explain/removal.js';
import { exportModel } from '../../src/export/index.js';
import { Lxmert } from '../../src/inference/lxmert.js';
import { LxmertImage } from '../../src/inference/lxmertImage.js';
import type {
  AnswerResponse,
  ExplainResponse,
  FeaturesResponse,
  SampleResponse,
} from '../../src/serve/api.js';
import { LxmertClient } from '../../src/serve/client.js';
import { WorkerPool } from '../../src/serve/workers/workerPool.js';
import { needing } from '../support/skips.js';
import { writeSmallRun } from '../support/tinyLxmert.js';
import { serverOn, type TestServer, testServer, workerProgram } from './support.js';

const question = 'is the cat white?';

needing('program').describe('the server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server.close());

  const post = (app: FastifyInstance, url: string, payload: object) =>
    app.inject({ method: 'POST', url, payload });
  const image = (): string => server.picture.toString('base64');

  it('explains as the model does, from JSON and from a form', async () => {
    const { app } = await server.serve();
    const response = await post(app, '/v1/explain', { image: image(), question, topK: 3 });
    expect(response.statusCode).toBe(200);
    const { imageId, model, ...explanation } = response.json<ExplainResponse>();
    expect([imageId, model]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), 'first']);
    using lxmert = await Lxmert.load({ model: path.join(server.folder, 'first') });
    const imageRegions = await lxmert.detectRegions(LxmertImage.fromBytes(server.picture));
    const expected = explanationOf(lxmert.answering, imageRegions, question, 3);
    expect(explanation.words).toEqual(expected.words);
    expect(explanation.regions).toEqual(expected.regions);
    for (const [i, { regions, words }] of expected.relevance.entries()) {
      expect(explanation.relevance[i]?.regions).toEqual(regions.map((share) => expect.closeTo(share, 4)));
      expect(explanation.relevance[i]?.words).toEqual(words.map((share) => expect.closeTo(share, 4)));
    }
    const address = await app.listen();
    const client = new LxmertClient(address);
    expect(await client.explain(server.picture, question, { topK: 3 })).toEqual({
      imageId,
      model,
      ...explanation,
    });
    expect(await client.explain({ imageId: imageId ?? '' }, question, { topK: 3 })).toMatchObject(
      explanation,
    );
  });

  it('explains by removal, from JSON and from a form, and says which methods there are', async () => {
    const { app } = await server.serve();
    const asked = { image: image(), question, topK: 2, method: 'removal' };
    const explanation = (await post(app, '/v1/explain', asked)).json<ExplainResponse>();
    using lxmert = await Lxmert.load({ model: path.join(server.folder, 'first') });
    const imageRegions = await lxmert.detectRegions(LxmertImage.fromBytes(server.picture));
    const { removal } = explanationOf(lxmert.answering, imageRegions, question, 2, 'removal');
    const close = (part: WithoutPart | null) => ({
      ...part,
      probabilities: part?.probabilities.map((value) => expect.closeTo(value, 4)),
      changes: part?.changes.map((value) => expect.closeTo(value, 4)),
      instead: part?.instead
        ? { ...part.instead, probability: expect.closeTo(part.instead.probability, 4) }
        : null,
    });
    expect(explanation).toMatchObject({ method: 'removal', relevance: [] });
    expect(explanation.removal?.words).toEqual(removal?.words.map(close));
    expect(explanation.removal?.regions).toEqual(removal?.regions.map(close));
    const client = new LxmertClient(await app.listen());
    expect(await client.explain(server.picture, question, { topK: 2, method: 'removal' })).toEqual(
      explanation,
    );
    const without = { words: [1], regions: [0] };
    const together = await client.explain(server.picture, question, { topK: 2, method: 'removal', without });
    const direct = explanationOf(lxmert.answering, imageRegions, question, 2, 'removal', { without });
    expect(together.removal).toEqual({
      words: [],
      regions: [],
      together: close(direct.removal?.together ?? null),
    });
    const { imageId } = together;
    expect(
      await client.explain({ imageId: imageId ?? '' }, question, { topK: 2, method: 'removal', without }),
    ).toEqual(together);
    for (const bad of [{ words: [99] }, { regions: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] }, { words: ['what'] }])
      expect((await post(app, '/v1/explain', { ...asked, without: bad })).statusCode).toBe(400);
    const { layers } = await client.explain(server.picture, question, { method: 'attention' });
    expect(layers).toHaveLength(2);
    expect((await client.models()).models[0]?.explanationMethods).toEqual([
      'relevance',
      'attention',
      'removal',
    ]);
    const unknown = await post(app, '/v1/explain', { ...asked, method: 'guessing' });
    expect([unknown.statusCode, unknown.body]).toEqual([400, expect.stringContaining('method')]);
  });

  it('explains several models that answer together by removal alone', async () => {
    const models = [path.join(server.folder, 'first'), path.join(server.folder, 'second')];
    const pool = await WorkerPool.start({
      program: workerProgram,
      numWorkers: 1,
      setup: { models: [{ name: 'both', source: { model: models } }] },
    });
    try {
      expect(pool.facts[0]).toMatchObject({ canExplain: false, explanationMethods: ['removal'] });
      using lxmert = await Lxmert.load({ model: models });
      const { row, regions } = await lxmert.detectRegions(LxmertImage.fromBytes(server.picture));
      const asked = { seen: { row, regions }, question, topK: 1, model: 'both' };
      const explanation = await pool.run({ kind: 'explain', asked: { ...asked, method: 'removal' } });
      expect(explanation).toMatchObject({
        method: 'removal',
        layers: [],
        answers: [{ answer: expect.any(String) }],
      });
      expect(explanation.removal?.regions).toHaveLength(row.numBoxes);
      const { app } = await server.serve({ pool });
      const unnamed = await post(app, '/v1/explain', { image: image(), question, topK: 1 });
      expect(unnamed.json()).toMatchObject({ method: 'removal', answers: explanation.answers });
      const refused = await post(app, '/v1/explain', { image: image(), question, method: 'relevance' });
      expect([refused.statusCode, refused.body]).toEqual([
        400,
        expect.stringContaining('is not explained by relevance, but by removal'),
      ]);
    } finally {
      await pool.close();
    }
  });

  it('explains what exported models answer, alone and together, and says by which method', async () => {
    const names = ['first', 'second'];
    const onnx = (name: string): string => path.join(server.folder, `${name}-onnx`);
    for (const name of names) {
      const source = { model: path.join(server.folder, name) };
      await exportModel({ source, out: onnx(name), precision: 'float32' });
    }
    const sourceOf = (folders: readonly string[]) => ({ folders, options: {} });
    const pool = await WorkerPool.start({
      program: workerProgram,
      numWorkers: 1,
      setup: {
        models: [
          { name: 'one', source: sourceOf([onnx('first')]) },
          { name: 'both', source: sourceOf(names.map(onnx)) },
        ],
      },
    });
    try {
      for (const { canExplain, explanationMethods } of pool.facts)
        expect([canExplain, explanationMethods]).toEqual([false, ['removal']]);
      const { app } = await server.serve({ pool });
      for (const [model, runs] of [
        ['one', ['first']],
        ['both', names],
      ] as const) {
        const asked = { image: image(), question, topK: 2, model };
        const found = (await post(app, '/v1/explain', asked)).json<ExplainResponse>();
        using lxmert = await Lxmert.load({ model: runs.map((run) => path.join(server.folder, run)) });
        const regions = await lxmert.detectRegions(LxmertImage.fromBytes(server.picture));
        const { removal } = explanationOf(lxmert.answering, regions, question, 2, 'removal');
        for (const kind of ['words', 'regions'] as const) {
          expect(found.removal?.[kind].map((part) => part?.changes)).toEqual(
            removal?.[kind].map((part) => part?.changes.map((change) => expect.closeTo(change, 4))),
          );
        }
      }
    } finally {
      await pool.close();
    }
  });

  it('asks the model that is named, also where both are asked at once', async () => {
    const { app } = await server.serve({ maxWait: 50 });
    const ask = async (model?: string) =>
      (
        await post(app, '/v1/answer', { image: image(), questions: [question], ...(model && { model }) })
      ).json<AnswerResponse>();
    const [first, second, unnamed] = await Promise.all([ask('first'), ask('second'), ask()]);
    expect(unnamed).toEqual(first);
    expect(second.results).not.toEqual(first.results);
    using lxmert = await Lxmert.load({ model: path.join(server.folder, 'second') });
    const { answers } = await lxmert.answer(LxmertImage.fromBytes(server.picture), question);
    expect(second.results[0]?.answers).toEqual(
      answers.map(({ answer, probability }) => ({ answer, probability: expect.closeTo(probability, 4) })),
    );
    const explained = await post(app, '/v1/explain', { image: image(), question, model: 'second' });
    expect(explained.json<ExplainResponse>()).toMatchObject({
      model: 'second',
      answers: second.results[0]?.answers,
    });
    const unknown = await post(app, '/v1/answer', { image: image(), questions: [question], model: 'third' });
    expect([unknown.statusCode, unknown.body]).toEqual([
      400,
      expect.stringContaining('there are: first, second'),
    ]);
  });

  it('tells questions that were cut from others', async () => {
    const { app } = await server.serve();
    const questions = [question, `${'cat '.repeat(30)}?`];
    const response = await post(app, '/v1/answer', { image: image(), questions });
    expect(response.json<AnswerResponse>().results.map(({ isCut }) => isCut)).toEqual([false, true]);
  });

  it('keeps features with other boxes apart in one batch', async () => {
    const { app } = await server.serve({ maxWait: 50 });
    const seen = (await post(app, '/v1/features', { image: image() })).json<FeaturesResponse>();
    const given = (shift: number) => ({
      width: 60,
      height: 40,
      boxes: seen.regions.map(() => [shift, shift, shift + 20, shift + 10]),
      features: seen.features,
    });
    const ask = async (shift: number) =>
      (
        await post(app, '/v1/answer', { features: given(shift), questions: [question] })
      ).json<AnswerResponse>().results;
    const together = await Promise.all([ask(0), ask(25)]);
    expect(together[0]).not.toEqual(together[1]);
    const probabilities = (results: AnswerResponse['results']) =>
      results[0]!.answers.map(({ probability }) => expect.closeTo(probability, 4));
    for (const [i, shift] of [0, 25].entries()) {
      const alone = await ask(shift);
      expect(alone[0]!.answers.map(({ probability }) => probability)).toEqual(probabilities(together[i]!));
    }
  });

  it('has scenes to try, whose regions it finds', async () => {
    const { app } = await server.serve();
    const { samples } = (await app.inject('/v1/samples')).json<{ samples: SampleResponse[] }>();
    expect(samples).toHaveLength(6);
    for (const { name, questions, objects, width } of samples) {
      expect(questions.length).toBeGreaterThan(2);
      expect(objects.length).toBeGreaterThan(2);
      const picture = await app.inject(`/v1/samples/${name}.png`);
      expect(picture.headers['content-type']).toBe('image/png');
      const regions = await post(app, '/v1/regions', { image: picture.rawPayload.toString('base64') });
      expect(regions.json()).toMatchObject({ width, regions: { length: 5 } });
    }
    for (const other of ['nothing.png', '..%2Fserver.png', 'scene-1', 'scene-1.jpg']) {
      expect((await app.inject(`/v1/samples/${other}`)).statusCode, other).toBe(404);
    }
  });

  it('is for pages of its own origin, unless others are named', async () => {
    const headers = { origin: 'https://example.org' };
    const { app } = await server.serve();
    const closed = await app.inject({ url: '/v1/models', headers });
    expect(closed.headers['access-control-allow-origin']).toBeUndefined();
    const { app: open } = await server.serve({ allowedOrigins: ['https://example.org'] });
    const allowed = await open.inject({ url: '/v1/models', headers });
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://example.org',
      'cross-origin-resource-policy': 'cross-origin',
    });
    const stranger = await open.inject({ url: '/v1/models', headers: { origin: 'https://example.com' } });
    expect(stranger.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('offers drawn scenes for models of the sample world alone', async () => {
    const folder = path.join(server.folder, 'own');
    const trainedOn = {
      detector: 'pixel regions',
      weightsSha256: null,
      settings: { numBoxes: 5 },
      source: null,
      createdBy: 'test',
    };
    await writeSmallRun(folder, { featureSize: 2048, trainedOn });
    const pool = await WorkerPool.start({
      setup: { models: [{ name: 'own', source: { model: folder } }] },
      numWorkers: 1,
      program: workerProgram,
    });
    try {
      const { app } = await serverOn(pool);
      expect((await app.inject('/v1/samples')).json()).toEqual({ samples: [] });
      expect(pool.facts[0]).toMatchObject({ seesPictures: true, isOfSampleWorld: false });
      await app.close();
    } finally {
      await pool.close();
    }
  });

  it('refuses a second model of other features', async () => {
    const folder = path.join(server.folder, 'other');
    await writeSmallRun(folder, { featureSize: 2048, pixelRegions: { numBoxes: 9 } });
    const models = ['first', 'other'].map((name) => ({
      name,
      source: { model: path.join(server.folder, name) },
    }));
    const start = WorkerPool.start({
      setup: { models: [models[0]!, models[1]!] },
      numWorkers: 1,
      program: workerProgram,
    });
    await expect(start).rejects.toThrow(/numBoxes/);
  });
});
