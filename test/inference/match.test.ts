/** @file Matching from JavaScript, with models that have a matching head, an answer head, or both. */

import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveCheckpoint } from '../../src/checkpoint/index.js';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { batchFromRows } from '../../src/features/index.js';
import { Lxmert, type LxmertSource } from '../../src/inference/lxmert.js';
import { LxmertImage } from '../../src/inference/lxmertImage.js';
import { loadPretrainedModel } from '../../src/inference/pretrainedModel.js';
import { PretrainingModel } from '../../src/model/index.js';
import { batchInputs } from '../../src/tasks/batchInputs.js';
import { manualSeed, noGrad, scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { makeRow } from '../features/support.js';
import { ANSWERS, tinyConfig, WORDS, writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-match-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const config = tinyConfig();

/** The run folder of a pre-training, with question answering or without. */
async function writePretraining(name: string, answers: readonly string[] | undefined): Promise<void> {
  mkdirSync(at(name));
  manualSeed(4);
  using model = new PretrainingModel(config, {
    numObjects: 5,
    numAttributes: 4,
    numAnswers: answers?.length,
  });
  await saveCheckpoint(
    at(name, 'BEST_EVAL_LOSS_LXRT.pth'),
    model.checkpointTensors(),
    'reference-pretraining',
  );
  writeFileSync(at(name, 'vocab.txt'), `${WORDS.join('\n')}\n`);
  if (answers !== undefined) writeFileSync(at(name, 'trainval_label2ans.json'), JSON.stringify(answers));
  const weights = { words: 1, matching: 1, objects: 1, attributes: 1, features: 1, answers: 1 };
  const settings = {
    sampling: { matching: true, wordMaskRate: 0.15, regionMaskRate: 0.15 },
    losses: { weights, onlyMaskedRegions: false, onlyMatchedWords: false },
  };
  writeFileSync(
    at(name, 'config.json'),
    JSON.stringify({ task: 'pretrain', model: config, maxLength: 20, settings }),
  );
}

const row = makeRow(3, { imageId: 'x', numBoxes: 5, featureSize: 7 });
const image = LxmertImage.fromRow({ row, provenance: undefined });
const sentences = ['what color is the cat', 'the cat', 'is it'];
const file = (name: string): string => at(name, 'BEST_EVAL_LOSS_LXRT.pth');
/** The weights alone, in a folder without a run. */
const bare = (name: string, more: Partial<LxmertSource> = {}): LxmertSource => ({
  model: alone(name),
  vocabulary: at('both', 'vocab.txt'),
  numAttentionHeads: 2,
  ...more,
});

function alone(name: string): string {
  const copy = at(`alone-${name}`, 'Epoch01_LXRT.pth');
  cpSync(file(name), copy, { recursive: true });
  return copy;
}

/** By the model of pre-training, whose every head is run another way. */
async function expectedOf(name: string): Promise<number[]> {
  const { model, tokenizer } = await loadPretrainedModel({ model: at(name) });
  try {
    return scope(() =>
      noGrad(() => {
        const examples = sentences.map((sentence) => ({ imageIds: ['x'], sentence }));
        const source = { gather: (ids: readonly string[]) => batchFromRows(ids.map(() => row)) };
        const inputs = batchInputs(examples, tokenizer, source, { maxLength: 20 });
        const { matching } = model.forward(inputs, { matching: true });
        const values = ops.softmax(matching!, 1).toFloat32Array();
        return sentences.map((_, i) => values[2 * i + 1] ?? 0);
      }),
    );
  } finally {
    model.dispose();
  }
}

beforeAll(async () => {
  await writePretraining('both', ANSWERS);
  await writePretraining('matching', undefined);
  await writeSmallRun(at('vqa'));
});

describe('match', () => {
  it.each(['both', 'matching'])('of a pre-training run (%s) gives what its model gives', async (name) => {
    using lxmert = await Lxmert.load({ model: at(name) });
    const matches = await lxmert.match(image, sentences);
    const expected = await expectedOf(name);
    expect(matches.map(({ sentence }) => sentence)).toEqual(sentences);
    for (const [i, { probability, isCut }] of matches.entries()) {
      expect(probability).toBeCloseTo(expected[i]!, 5);
      expect(isCut).toBe(false);
    }
    expect(new Set(expected).size).toBe(3);
    expect(await lxmert.match(image, [])).toEqual([]);
  });

  it('of a weights file needs a vocabulary and no answers', async () => {
    using ofRun = await Lxmert.load({ model: at('both') });
    using ofFile = await Lxmert.load(bare('both'));
    expect(await ofFile.match(image, sentences)).toEqual(await ofRun.match(image, sentences));
    await expect(Lxmert.load(bare('both', { vocabulary: undefined }))).rejects.toThrow(/--vocab/);
  });

  it('of many sentences is that of each', async () => {
    using lxmert = await Lxmert.load({ model: at('matching') });
    const many = Array.from({ length: 70 }, (_, i) => sentences[i % 3]!);
    const [few, all] = [await lxmert.match(image, sentences), await lxmert.match(image, many)];
    for (const [i, { probability }] of all.entries()) {
      expect(probability).toBeCloseTo(few[i % 3]!.probability, 5);
    }
  });

  it('says when the end of a sentence was not read', async () => {
    using lxmert = await Lxmert.load({ model: at('matching') });
    const words = (count: number): string => Array(count).fill('cat').join(' ');
    const matches = await lxmert.match(image, [words(18), words(19)]);
    expect(matches.map(({ isCut }) => isCut)).toEqual([false, true]);
  });

  it('of several models is the mean of theirs', async () => {
    using one = await Lxmert.load({ model: at('both') });
    using other = await Lxmert.load({ model: at('matching') });
    cpSync(at('both'), at('without answers'), { recursive: true });
    rmSync(at('without answers', 'trainval_label2ans.json'));
    using together = await Lxmert.load({ model: [at('without answers'), at('matching')] });
    const [a, b] = [await one.match(image, sentences), await other.match(image, sentences)];
    for (const [i, { probability }] of (await together.match(image, sentences)).entries()) {
      expect(probability).toBeCloseTo((a[i]!.probability + b[i]!.probability) / 2, 5);
    }
  });
});

describe('a model with both heads', () => {
  it('matches and answers, from a run or from a file whose answers are named', async () => {
    using ofRun = await Lxmert.load({ model: at('both') });
    writeFileSync(at('all_ans.json'), JSON.stringify(ANSWERS.map((ans) => ({ ans, dsets: ['vqa'] }))));
    using ofFile = await Lxmert.load(bare('both', { answers: at('all_ans.json') }));
    const answer = await ofRun.answer(image, 'what color', { topK: 5 });
    expect((await ofFile.answer(image, 'what color', { topK: 5 })).answers).toEqual(answer.answers);
    // Pre-training sets its answers against each other.
    expect(answer.answers.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    expect(await ofFile.match(image, sentences)).toHaveLength(3);
  });
});

describe('a model that lacks a head says so, with the way out', () => {
  it.each<[string, () => LxmertSource, RegExp, new (message: string) => Error]>([
    [
      'no answer head',
      () => ({ model: at('matching') }),
      /has no answer head.*Fine-tune it first/,
      LxmertError,
    ],
    [
      'answers that nobody named',
      () => bare('both'),
      /holds no answer table: name one with --answers/,
      UsageError,
    ],
  ])('answer, %s', async (_, source, message, type) => {
    using lxmert = await Lxmert.load(source());
    const answering = lxmert.answer(image, 'what color');
    await expect(answering).rejects.toThrow(message);
    await expect(answering).rejects.toBeInstanceOf(type);
    expect(await lxmert.match(image, sentences)).toHaveLength(3);
  });

  it('match', async () => {
    using lxmert = await Lxmert.load({ model: at('vqa') });
    const matching = lxmert.match(image, sentences);
    await expect(matching).rejects.toThrow(/has no matching head \(cls\.seq_relationship\).*lxmert pretrain/);
    await expect(matching).rejects.toBeInstanceOf(LxmertError);
    expect((await lxmert.answer(image, 'what color')).answers).toHaveLength(5);
    await expect(lxmert.match(image, [' '])).rejects.toThrow('The sentence is empty.');
  });
});

describe('the weights of a pre-training run', () => {
  it('are the best, or those that were saved last', async () => {
    await writePretraining('epochs', undefined);
    const last = Lxmert.load({ model: at('epochs'), weights: 'LAST' });
    await expect(last).rejects.toThrow(/has not finished an epoch/);
    cpSync(file('matching'), at('epochs', 'Epoch01_LXRT.pth'));
    using ofEpoch = await Lxmert.load({ model: at('epochs'), weights: 'LAST' });
    expect(ofEpoch.matching.weightsFiles).toEqual([at('epochs', 'Epoch01_LXRT.pth')]);
    using best = await Lxmert.load({ model: at('epochs') });
    expect(best.matching.weightsFiles).toEqual([file('epochs')]);
    renameSync(file('epochs'), at('epochs', 'elsewhere.pth'));
    await expect(Lxmert.load({ model: at('epochs') })).rejects.toThrow(/has not finished an epoch/);
  });
});
