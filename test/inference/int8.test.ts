/** @file Models that answer in 8 bits: every command once, memory, explanations, and what is refused. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointFile, loadWeights } from '../../src/checkpoint/index.js';
import { explanationOf } from '../../src/explain/explanation.js';
import { writeObj36 } from '../../src/features/obj36Writer.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { disposeModels } from '../../src/inference/ensemble.js';
import { imageRegionsFrom } from '../../src/inference/imageRegions.js';
import { Lxmert, type LxmertSource } from '../../src/inference/lxmert.js';
import { LxmertImage } from '../../src/inference/lxmertImage.js';
import { loadModel, requireAnswering } from '../../src/inference/modelFolder.js';
import { packAsLoaded, questionAnsweringModel, withoutDrawing } from '../../src/model/index.js';
import { LxmertClient } from '../../src/serve/client.js';
import { TorchModel } from '../../src/serve/workers/torchModel.js';
import { liveTensors, requirePrecision } from '../../src/torch/index.js';
import { LabelNames } from '../../src/vision/detector/labelNames.js';
import { makeRow } from '../features/support.js';
import { lxmert } from '../support/commandLine.js';
import { startServing } from '../support/servedProgram.js';
import { needing } from '../support/skips.js';
import { ANSWERS, tinyConfig, writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-int8-'));
const at = (name: string): string => path.join(folder, name);
const QUESTION = 'what color is the cat?';
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  await writeSmallRun(at('run'), { featureSize: 2048, pixelRegions: { numBoxes: 5 } });
  await sharp({ create: { width: 80, height: 60, channels: 3, background: '#383' } })
    .png()
    .toFile(at('scene.png'));
});

const probabilitiesOf = (answers: readonly { answer: string; probability: number }[]): number[] =>
  ANSWERS.map((answer) => answers.find((each) => each.answer === answer)?.probability ?? Number.NaN);

describe('int8', () => {
  it('answers nearly as float32 does', async () => {
    const ask = async (precision: 'float32' | 'int8'): Promise<number[]> => {
      using model = await Lxmert.load({ model: at('run'), precision });
      return probabilitiesOf((await model.answer(at('scene.png'), QUESTION, { topK: 5 })).answers);
    };
    const [exact, rounded] = [await ask('float32'), await ask('int8')];
    expect(rounded).not.toEqual(exact);
    for (const [i, value] of rounded.entries()) expect(value).toBeCloseTo(exact[i] ?? Number.NaN, 1);
  });

  it('holds dense weights and word embeddings as bytes', async () => {
    const loaded = await loadModel({
      model: at('run'),
      precision: 'int8',
      answers: at('run/trainval_label2ans.json'),
    });
    const [model] = loaded.models;
    const leaves = [...(model?.leaves() ?? [])];
    for (const [name, { packed, isDense, isHead, isTable }] of leaves) {
      const expected = isHead ? 'float32' : isDense || isTable ? 'int8' : undefined;
      expect(packed?.[0]?.dtype, name).toBe(expected);
    }
    expect(leaves.filter(([, { isHead }]) => isHead).map(([name]) => name)).toEqual([
      'bert.pooler.dense.weight',
      'answer_head.logit_fc.0.weight',
      'answer_head.logit_fc.3.weight',
    ]);
    expect(leaves.filter(([, { isTable }]) => isTable).map(([name]) => name)).toEqual([
      'bert.embeddings.word_embeddings.weight',
    ]);
    disposeModels(loaded);
  });

  it('packs each weight as soon as it is loaded', async () => {
    const checkpoint = await CheckpointFile.open(at('run/BEST.pth'));
    const config = tinyConfig({ visualFeatureSize: 2048 });
    using model = withoutDrawing(() => questionAnsweringModel(config, ANSWERS.length));
    const pack = packAsLoaded(model, 'int8');
    const numPacked: number[] = [];
    loadWeights(checkpoint, model.namedParameters(), {
      require: 'all',
      onLoaded: (name) => {
        pack(name);
        numPacked.push([...model.leaves().values()].filter(({ packed }) => packed !== undefined).length);
      },
    });
    const weights = [...model.leaves().values()].filter(({ isDense, isTable }) => isDense || isTable);
    expect(numPacked.at(-1)).toBe(weights.length);
    expect(numPacked[Math.floor(numPacked.length / 2)]).toBeGreaterThan(0.4 * weights.length);
  });

  it("is all that a server's worker keeps: no weight in float32 beside it", async () => {
    const before = liveTensors();
    const { lxmert: served } = await TorchModel.load({ model: at('run'), precision: 'int8' });
    const leaves = served.answering.models.flatMap((model) => [...model.leaves().values()]);
    const rounded = leaves.filter(({ isDense, isHead, isTable }) => (isDense && !isHead) || isTable);
    expect(rounded.length).toBeGreaterThan(20);
    for (const { tensor, parts } of rounded) expect(tensor.numel, parts[0]?.name).toBe(0);
    // Each its own tensor and what it was packed to, and nothing else anywhere.
    const numHeld = leaves.reduce((sum, { packed = [] }) => sum + 1 + packed.length, 0);
    expect(liveTensors() - before).toBe(numHeld);
    served[Symbol.dispose]();
  });

  it('explains by relevance and by attention nearly as float32 does', async () => {
    const explain = async (precision: 'float32' | 'int8') => {
      const answering = requireAnswering(await loadModel({ model: at('run'), precision }));
      try {
        const row = makeRow(2, { numBoxes: 5, featureSize: 2048, width: 200, height: 100 });
        const regions = imageRegionsFrom(row, {
          hasLabels: false,
          names: new LabelNames([], []),
          provenance: undefined,
        });
        return explanationOf(answering, regions, QUESTION, 1);
      } finally {
        disposeModels(answering);
      }
    };
    const [exact, rounded] = [await explain('float32'), await explain('int8')];
    const shares = exact.relevance[0]?.regions ?? [];
    const roundedShares = rounded.relevance[0]?.regions ?? [];
    expect(roundedShares).toHaveLength(5);
    expect(roundedShares).not.toEqual(shares);
    for (const [i, share] of roundedShares.entries()) expect(share).toBeCloseTo(shares[i] ?? Number.NaN, 1);
    expect(rounded.layers.length).toBe(exact.layers.length);
  });

  it('is a sentence on a GPU', () => {
    expect(() => requirePrecision('int8', 'cuda')).toThrow('int8 is for processors');
  });
});

describe('--precision int8', () => {
  it('is taken by answer and explain, and refused where models are trained', async () => {
    const words = [at('scene.png'), QUESTION, '--model', at('run')];
    const answered = await lxmert('answer', ...words, '--precision', 'int8');
    expect(answered).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/\d+\.\d % {2}\S/) });
    const help = await lxmert('finetune', 'vqa', '--help');
    expect(help.stdout).toContain('bfloat16');
    expect(help.stdout).not.toContain('int8');
  });

  it('is taken by predict and evaluate', async () => {
    const rows = [3, 4, 5].map((seed) => makeRow(seed, { numBoxes: 5, featureSize: 2048 }));
    await writeObj36(at('rows_obj36.tsv'), rows);
    const questions = rows.map(({ imageId }, i) => ({
      ...{ question_id: i, img_id: imageId, sent: QUESTION, label: { [ANSWERS[i] as string]: 1 } },
    }));
    writeFileSync(at('questions.json'), JSON.stringify(questions));
    expect(await lxmert('features', 'convert', at('rows_obj36.tsv'), at('store'))).toMatchObject({
      exitCode: 0,
    });
    const asked = [
      at('questions.json'),
      '--features',
      at('store'),
      '--model',
      at('run'),
      '--precision',
      'int8',
    ];
    const predicted = await lxmert('predict', 'vqa', ...asked, '--output', at('answers.json'));
    expect(predicted).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^libtorch .*, int8( \(\w+\))?$/m),
    });
    const answers = JSON.parse(readFileSync(at('answers.json'), 'utf8')) as { answer: string }[];
    expect(answers.map(({ answer }) => ANSWERS.includes(answer))).toEqual([true, true, true]);
    const numRight = answers.filter(({ answer }, i) => answer === ANSWERS[i]).length;
    const evaluated = await lxmert('evaluate', 'vqa', ...asked);
    expect(evaluated).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^libtorch .*, int8( \(\w+\))?$/m),
    });
    expect(evaluated.stdout).toContain(((100 * numRight) / 3).toFixed(2));
  });

  it('answers from a converted file as from the run itself', async () => {
    const file = at('int8.safetensors');
    const converted = await lxmert('checkpoint', 'convert', at('run/BEST.pth'), file, '--precision', 'int8');
    expect(converted).toMatchObject({ exitCode: 0 });
    const ask = async (source: LxmertSource): Promise<number[]> => {
      using model = await Lxmert.load({ ...source, precision: 'int8', allowOtherFeatures: true });
      return probabilitiesOf((await model.answer(row, QUESTION, { topK: 5 })).answers);
    };
    const row = LxmertImage.fromRow({
      row: makeRow(2, { numBoxes: 5, featureSize: 2048, width: 200, height: 100 }),
      provenance: unknownProvenance,
    });
    const direct = await ask({ model: at('run') });
    const stored = await ask({
      model: file,
      vocabulary: at('run/vocab.txt'),
      answers: at('run/trainval_label2ans.json'),
      modelConfig: at('run/config.json'),
    });
    for (const [i, value] of stored.entries()) expect(value).toBeCloseTo(direct[i] ?? Number.NaN, 5);
  });
});

needing('program').describe('lxmert serve --precision int8', () => {
  it('answers as answer does in 8 bits', { timeout: 60_000 }, async () => {
    await using server = await startServing(['--model', at('run'), '--precision', 'int8']);
    const client = new LxmertClient(server.address);
    const picture = new Blob([readFileSync(at('scene.png'))]);
    const { results } = await client.answer(picture, [QUESTION], { topK: 5 });
    using model = await Lxmert.load({ model: at('run'), precision: 'int8' });
    const { answers } = await model.answer(at('scene.png'), QUESTION, { topK: 5 });
    const expected = probabilitiesOf(answers);
    for (const [i, value] of probabilitiesOf(results[0]?.answers ?? []).entries())
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5);
  });
});
