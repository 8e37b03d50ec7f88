/** @file Explanations of exported models against libtorch's. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttentionMap } from '../../src/explain/attentionMap.js';
import { type Explanation, explain } from '../../src/explain/explanation.js';
import type { WithoutPart } from '../../src/explain/removal.js';
import { exportModel } from '../../src/export/index.js';
import { Lxmert as TorchLxmert } from '../../src/inference/lxmert.js';
import { Lxmert, LxmertImage } from '../../src/runtime/node.js';
import { makeRow } from '../features/support.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'runtime-explain-'));
const at = (name: string): string => path.join(folder, name);
const question = 'What colors is the cat?';
const picture = (numBoxes: number): LxmertImage =>
  LxmertImage.fromRow({
    row: makeRow(2, { numBoxes, featureSize: 7, width: 200, height: 100 }),
    provenance: undefined,
  });
let torch: TorchLxmert;

beforeAll(async () => {
  await writeSmallRun(at('run'));
  const source = { model: at('run') };
  await exportModel({ source, out: at('answers'), precision: 'float32' });
  const outputs = ['answers', 'attentions'] as const;
  await exportModel({ source, out: at('attentions'), precision: 'float32', outputs });
  torch = await TorchLxmert.load(source);
});
afterAll(() => {
  torch.dispose();
  rmSync(folder, { recursive: true });
});

const close = (value: number) => expect.closeTo(value, 5);

function expectSame(found: Explanation, wanted: Explanation): void {
  const { answers, removal, layers, relevance, ...rest } = wanted;
  expect(found).toMatchObject(rest);
  expect(found.answers).toEqual(
    answers.map(({ answer, probability }) => ({ answer, probability: close(probability) })),
  );
  const without = (part: WithoutPart | null) =>
    part && {
      ...part,
      probabilities: part.probabilities.map(close),
      changes: part.changes.map(close),
      instead: part.instead && { ...part.instead, probability: close(part.instead.probability) },
    };
  expect(found.removal).toEqual(
    removal && {
      words: removal.words.map(without),
      regions: removal.regions.map(without),
      together: without(removal.together),
    },
  );
}

/** Numbers of a map; 1 of 65535 is its rounding. */
function numbers({ values }: AttentionMap): number[] {
  const bytes = Buffer.from(values, 'base64');
  return Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16LE(2 * i));
}

describe.each(['onnxruntime-node', 'onnxruntime-web'])('with %s', (engine) => {
  it('takes every word and region away as libtorch does, and has no relevance', async () => {
    await using lxmert = await Lxmert.load(at('answers'), { engine, numThreads: 1 });
    expect(lxmert.explanationMethods).toEqual(['removal']);
    // 100 regions are more than one pass.
    for (const numBoxes of [1, 2, 5, 100]) {
      const wanted = await explain(torch, picture(numBoxes), question, { topK: 3, method: 'removal' });
      const found = await lxmert.explain(picture(numBoxes), question, { topK: 3 });
      expectSame(found, wanted);
      expect(found).toMatchObject({ method: 'removal', relevance: [], layers: [] });
      expect(JSON.parse(JSON.stringify(found))).toEqual(found);
    }
    const away = { topK: 3, method: 'removal', without: { words: [1], regions: [0, 3] } } as const;
    expectSame(
      await lxmert.explain(picture(5), question, away),
      await explain(torch, picture(5), question, away),
    );
    // Cut questions, one word, no word that the model can read.
    for (const asked of ['cat '.repeat(30), 'cat', '\u200b'])
      expectSame(
        await lxmert.explain(picture(4), asked),
        await explain(torch, picture(4), asked, { method: 'removal' }),
      );
    await expect(lxmert.explain(picture(4), question, { method: 'relevance' })).rejects.toThrow(
      /Relevance follows gradients, and .* is an exported model.*method: 'removal'/,
    );
    await expect(lxmert.explain(picture(4), question, { method: 'attention' })).rejects.toThrow(
      /exported without its attention.*--outputs answers,attentions/,
    );
    await expect(lxmert.explain(picture(4), '  ')).rejects.toThrow(/The question is empty/);
    await expect(lxmert.explain(picture(4), question, { method: 'guessing' as 'removal' })).rejects.toThrow(
      /there is no 'guessing'/,
    );
  });

  it('gives the attention of a model that was exported with it', async () => {
    await using lxmert = await Lxmert.load(at('attentions'), { engine, numThreads: 1 });
    expect(lxmert.explanationMethods).toEqual(['attention', 'removal']);
    for (const method of ['attention', 'removal'] as const) {
      const wanted = await explain(torch, picture(5), question, { topK: 3, method });
      const found = await lxmert.explain(picture(5), question, { topK: 3, method });
      expectSame(found, wanted);
      expect(found.layers).toHaveLength(2);
      for (const [i, layer] of found.layers.entries()) {
        for (const name of ['wordsOnRegions', 'regionsOnWords'] as const) {
          const expected = wanted.layers[i]![name];
          expect({ ...layer[name], values: '' }).toEqual({ ...expected, values: '' });
          const differences = numbers(expected).map((value, k) => Math.abs(value - numbers(layer[name])[k]!));
          expect(Math.max(...differences)).toBeLessThanOrEqual(2);
        }
      }
    }
  });
});
