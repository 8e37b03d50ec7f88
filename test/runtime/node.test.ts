/** @file Answers of exported models in Node.js against libtorch's, and what is refused. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveCheckpoint } from '../../src/checkpoint/index.js';
import { exportModel } from '../../src/export/index.js';
import { sha256Of } from '../../src/formats/hashes/sha256.js';
import { Lxmert as TorchLxmert } from '../../src/inference/lxmert.js';
import { lxmertConfig, PretrainingModel } from '../../src/model/index.js';
import { defaultNumThreads } from '../../src/runtime/node/nodeEngine.js';
import { type LoadOptions, Lxmert, LxmertImage } from '../../src/runtime/node.js';
import { RuntimeEnsemble } from '../../src/runtime/together/index.js';
import { averageValues } from '../../src/tasks/portable.js';
import { manualSeed } from '../../src/torch/random.js';
import { makeRow } from '../features/support.js';
import { noisePicture } from '../support/noisePicture.js';
import { startStaticServer } from '../support/staticServer.js';
import { ANSWERS, WORDS, writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-runtime-'));
const at = (name: string): string => path.join(folder, name);
const QUESTIONS = [
  'what color is the cat',
  'is it',
  'what is the color of the cat on the mat and the dog',
  'cat ?',
];
const provenance = { detector: 'a', weightsSha256: null, settings: {}, source: null, createdBy: 'x' };

beforeAll(async () => {
  await writeSmallRun(at('run'), { featureSize: 2048, pixelRegions: { numBoxes: 5 } });
  await exportModel({ source: { model: at('run') }, out: at('pixels'), precision: 'float32' });
  await writeSmallRun(at('rows'), { trainedOn: provenance });
  await exportModel({
    source: { model: at('rows') },
    out: at('store'),
    precision: 'float32',
    externalData: true,
  });
  writeFileSync(at('scene.png'), await noisePicture(48, 36).png().toBuffer());
});
afterAll(() => rmSync(folder, { recursive: true }));

async function withModel<T>(
  name: string,
  use: (lxmert: Lxmert) => Promise<T>,
  options: LoadOptions = {},
): Promise<T> {
  const lxmert = await Lxmert.load(at(name), { numThreads: 1, ...options });
  try {
    return await use(lxmert);
  } finally {
    await lxmert.dispose();
  }
}

describe.each(['onnxruntime-node', 'onnxruntime-web'])('with %s', (engine) => {
  it("answers as libtorch does, one question and several about a picture's regions", async () => {
    using torch = await TorchLxmert.load({ model: at('run') });
    const wanted = await torch.answerAll(at('scene.png'), QUESTIONS, { topK: 3 });
    await withModel(
      'pixels',
      async (lxmert) => {
        const found = await lxmert.answerAll(at('scene.png'), QUESTIONS, { topK: 3 });
        const alone = await lxmert.answer(new Blob([readFileSync(at('scene.png'))]), QUESTIONS[2]!, {
          topK: 3,
        });
        for (const [i, each] of [...found, alone].entries()) {
          const same = wanted[i] ?? wanted[2]!;
          expect(each).toMatchObject({ question: same.question, isCut: same.isCut, width: 48, height: 36 });
          expect(each.regions).toEqual(same.regions);
          expect(each.answers.map(({ answer }) => answer)).toEqual(same.answers.map(({ answer }) => answer));
          for (const [rank, { probability }] of each.answers.entries())
            expect(probability).toBeCloseTo(same.answers[rank]!.probability, 5);
        }
        const choices = [...wanted[0]!.answers.map(({ answer }) => answer.toUpperCase()), 'no answer of it'];
        const chosen = await lxmert.answer(at('scene.png'), QUESTIONS[0]!, { choices });
        expect(chosen.answers.map(({ answer }) => answer)).toEqual(choices);
        expect(chosen.answers.map(({ isKnown }) => isKnown)).toEqual([true, true, true, false]);
        const ofTorch = await torch.answer(at('scene.png'), QUESTIONS[0]!, { choices });
        for (const [rank, { share }] of ofTorch.answers.entries())
          expect(chosen.answers[rank]!.share).toBeCloseTo(share!, 5);
        await expect(lxmert.answer(at('scene.png'), QUESTIONS[0]!, { choices: [] })).rejects.toThrow(
          'choices must be 1 to 100 texts that are not empty.',
        );
        expect(lxmert.engine).toMatchObject({ name: engine, numThreads: 1, reason: 'It was asked for.' });
      },
      { engine },
    );
  });

  it('reads weights beside the graph', async () => {
    await withModel('store', async (lxmert) => expect(lxmert.model.weights.externalData).not.toBeNull(), {
      engine,
    });
  });
});

it('answers calls that come together in WebAssembly, which does one thing at a time', async () => {
  await withModel(
    'pixels',
    async (lxmert) => {
      const alone = await lxmert.answerAll(at('scene.png'), QUESTIONS);
      const together = await Promise.all(QUESTIONS.map((each) => lxmert.answer(at('scene.png'), each)));
      expect(together.map(({ answers }) => answers[0]?.answer)).toEqual(
        alone.map(({ answers }) => answers[0]?.answer),
      );
      const other = await Lxmert.load(at('store'), { engine: 'onnxruntime-web', numThreads: 2 });
      expect(other.engine).toMatchObject({ numThreads: 1 });
      expect(other.engine.reason).toContain('with 1 threads already');
      await other.dispose();
    },
    { engine: 'onnxruntime-web' },
  );
});

describe('rows of regions', () => {
  it('of another detector or size are refused as by libtorch, and told of where allowed', async () => {
    const row = makeRow(1, { imageId: 'a', numBoxes: 3, featureSize: 7 });
    const other = { ...provenance, detector: 'b' };
    using torch = await TorchLxmert.load({ model: at('rows') });
    const refusal = await torch.detectRegions(LxmertImage.fromRow({ row, provenance: other })).catch(String);
    await withModel('store', async (lxmert) => {
      const refused = await lxmert
        .detectRegions(LxmertImage.fromRow({ row, provenance: other }))
        .catch(String);
      expect(refused).toBe(refusal);
      expect(refused).toContain('detector "a", here it is "b"');
      const small = makeRow(1, { imageId: 'a', numBoxes: 3, featureSize: 6 });
      await expect(
        lxmert.answer(LxmertImage.fromRow({ row: small, provenance: undefined }), 'what'),
      ).rejects.toThrow('reads 7 values for each region, and these features have 6');
      await expect(lxmert.answer(at('scene.png'), 'what')).rejects.toThrow('cannot find the regions');
    });
    await withModel(
      'store',
      async (lxmert) => {
        await lxmert.answer(LxmertImage.fromRow({ row, provenance: other }), 'what');
        expect(lxmert.warnings).toHaveLength(1);
      },
      { allowOtherFeatures: true },
    );
  });

  it('of several pictures with different numbers of regions give what each gives alone', async () => {
    await withModel('store', async (lxmert) => {
      const rows = [3, 5].map((numBoxes) => makeRow(1, { imageId: `${numBoxes}`, numBoxes, featureSize: 7 }));
      const examples = rows.map((row, i) => ({ sentence: QUESTIONS[i]!, rows: [row] }));
      const together = (await lxmert.answerBatch(examples)).answer!.toFloat32Array();
      for (const [i, example] of examples.entries()) {
        const alone = (await lxmert.answerBatch([example])).answer!.toFloat32Array();
        for (const [k, value] of alone.entries())
          expect(together[i * ANSWERS.length + k]).toBeCloseTo(value, 6);
      }
    });
  });
});

it('judges statements about two images in batches, and refuses them one image', async () => {
  await writeSmallRun(at('pairs'), { imagesPerExample: 2 });
  await exportModel({ source: { model: at('pairs') }, out: at('two'), precision: 'float32' });
  await withModel('two', async (lxmert) => {
    const row = makeRow(1, { imageId: 'a', numBoxes: 3, featureSize: 7 });
    await expect(lxmert.answer(LxmertImage.fromRow({ row, provenance: undefined }), 'what')).rejects.toThrow(
      'judges statements about two images',
    );
    const { answer } = await lxmert.answerBatch([{ sentence: 'what', rows: [row, row] }]);
    expect(answer?.shape).toEqual([1, ANSWERS.length]);
    await expect(lxmert.answerBatch([{ sentence: 'what', rows: [row] }])).rejects.toThrow('reads two images');
  });
});

it('matches sentences as libtorch does, and says what a model cannot do', async () => {
  const config = lxmertConfig({
    vocabSize: WORDS.length,
    hiddenSize: 16,
    numAttentionHeads: 2,
    intermediateSize: 24,
    numLanguageLayers: 1,
    numVisionLayers: 1,
    numCrossLayers: 1,
    visualFeatureSize: 7,
    maxPositionEmbeddings: 20,
    initializerRange: 0.5,
  });
  manualSeed(3);
  using model = new PretrainingModel(config, { numObjects: 4, numAttributes: 3, numAnswers: undefined });
  await saveCheckpoint(at('model.pth'), model.checkpointTensors(), 'reference-pretraining');
  writeFileSync(at('vocab.txt'), `${WORDS.join('\n')}\n`);
  const source = { model: at('model.pth'), vocabulary: at('vocab.txt'), numAttentionHeads: 2 };
  await exportModel({ source, out: at('matching'), precision: 'float32' });
  const image = LxmertImage.fromRow({
    row: makeRow(1, { imageId: 'a', numBoxes: 3, featureSize: 7 }),
    provenance: undefined,
  });
  using torch = await TorchLxmert.load(source);
  const wanted = await torch.match(image, QUESTIONS);
  await withModel('matching', async (lxmert) => {
    const found = await lxmert.match(image, QUESTIONS);
    for (const [i, { probability, ...rest }] of found.entries()) {
      expect(probability).toBeCloseTo(wanted[i]!.probability, 5);
      expect(rest).toEqual({ sentence: wanted[i]!.sentence, isCut: wanted[i]!.isCut });
    }
    await expect(lxmert.answer(image, 'what')).rejects.toThrow('was exported without an answer head');
  });
  await withModel('store', async (lxmert) => {
    await expect(lxmert.match(image, ['what'])).rejects.toThrow('without the matching head');
    await expect(lxmert.answer(image, ' ')).rejects.toThrow('The question is empty.');
  });
});

describe('folders', () => {
  /** A copy of an exported folder with something changed in it. */
  function changed(change: (inFolder: (name: string) => string) => void): string {
    const copy = mkdtempSync(path.join(folder, 'copy-'));
    cpSync(at('store'), copy, { recursive: true });
    change((name) => path.join(copy, name));
    return copy;
  }
  const edit = (file: string, change: (text: string) => string): void =>
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  const flip = (file: string): void => {
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
  };

  it.each<[string, (inFolder: (name: string) => string) => void, RegExp]>([
    [
      'cut weights',
      (of) => truncateSync(of('onnx/model.onnx'), 99),
      /model\.onnx has 99 bytes, where the manifest .* cut short/,
    ],
    [
      'changed weights',
      (of) => flip(of('onnx/model.onnx_data')),
      /model\.onnx_data was changed after the export: its SHA-256/,
    ],
    ['a lost file of weights', (of) => rmSync(of('onnx/model.onnx_data')), /There is no .*model\.onnx_data/],
    ['a lost vocabulary', (of) => rmSync(of('vocab.txt')), /There is no .*vocab\.txt, although the manifest/],
    [
      'a changed vocabulary',
      (of) => edit(of('vocab.txt'), (text) => text.replace('cat', 'cot')),
      /vocab\.txt was changed/,
    ],
    [
      'another number of answers',
      (of) => edit(of('lxmert.json'), (text) => text.replace('"num": 5', '"num": 6')),
      /has 5 answers, but the model's head has 6/,
    ],
    [
      'a cut manifest',
      (of) => edit(of('lxmert.json'), (text) => text.slice(0, 200)),
      /lxmert\.json is not valid JSON/,
    ],
    [
      'a newer manifest',
      (of) => edit(of('lxmert.json'), (text) => text.replace('"version": 1', '"version": 2')),
      /of version 2, written by a newer lxmert.*Update/,
    ],
    [
      'a manifest of something else',
      (of) => writeFileSync(of('lxmert.json'), '{"format": "other"}'),
      /is no manifest .* found "other"/,
    ],
    [
      'a path out of the folder',
      (of) => edit(of('lxmert.json'), (text) => text.replaceAll('vocab.txt', '../vocab.txt')),
      /damaged: .*within the folder/,
    ],
    ['no manifest', (of) => rmSync(of('lxmert.json')), /has no lxmert\.json.*another program wrote it/],
  ])('with %s are refused', async (_, change, message) => {
    await expect(Lxmert.load(changed(change))).rejects.toThrow(message);
  });

  /** Makes the manifest say of a file what is in it. */
  function restate(inFolder: (name: string) => string, name: string): void {
    const manifest = JSON.parse(readFileSync(inFolder('lxmert.json'), 'utf8'));
    const bytes = readFileSync(inFolder(name));
    manifest.files[name] = { numBytes: bytes.length, sha256: sha256Of(bytes) };
    writeFileSync(inFolder('lxmert.json'), JSON.stringify(manifest));
  }

  it('whose parts are whole but not of one export are refused', async () => {
    const noGraph = changed((of) => {
      writeFileSync(of('onnx/model.onnx'), 'no graph');
      restate(of, 'onnx/model.onnx');
    });
    await expect(Lxmert.load(noGraph)).rejects.toThrow(/but onnxruntime-node 1\.\d+\.\d+ cannot run it: /);
    const longer = changed((of) => {
      writeFileSync(of('answers.json'), JSON.stringify([...ANSWERS, 'more']));
      edit(of('lxmert.json'), (text) => text.replace('"num": 5', '"num": 6'));
      restate(of, 'answers.json');
    });
    const lxmert = await Lxmert.load(longer);
    const row = makeRow(1, { imageId: 'a', numBoxes: 3, featureSize: 7 });
    await expect(lxmert.answer(LxmertImage.fromRow({ row, provenance: undefined }), 'what')).rejects.toThrow(
      "output 'logits' should be float32 of shape 1 x 6; found float32 of shape 1 x 5",
    );
    await lxmert.dispose();
    await expect(lxmert.answer(LxmertImage.fromRow({ row, provenance: undefined }), 'what')).rejects.toThrow(
      'was disposed of',
    );
  });

  it('whose answers are numbers are refused, since they may be meant as places', async () => {
    const folder = changed((of) => {
      writeFileSync(of('answers.json'), '[0, 1, 2, 3, 4]');
      restate(of, 'answers.json');
    });
    await expect(Lxmert.load(folder)).rejects.toThrow(
      'answers.json is no list of answers as text, as it is exported: it would be read with its numbers as text. Export the model again.',
    );
  });

  it('whose graph takes one image, and whose manifest says two, are refused', async () => {
    const folder = changed((of) =>
      edit(of('lxmert.json'), (text) => text.replace('"imagesPerExample": 1', '"imagesPerExample": 2')),
    );
    const lxmert = await Lxmert.load(folder);
    const row = makeRow(1, { imageId: 'a', numBoxes: 3, featureSize: 7 });
    await expect(lxmert.answerBatch([{ sentence: 'what', rows: [row, row] }])).rejects.toThrow(
      `The graph in ${folder} takes inputs of other forms than its manifest says`,
    );
    await lxmert.dispose();
  });

  it('that are none of ours are told with the way out', async () => {
    await expect(Lxmert.load(at('absent'))).rejects.toThrow(`There is no folder '${at('absent')}'`);
    await expect(Lxmert.load(path.join(at('run'), 'BEST.pth'))).rejects.toThrow(
      /is a file.*lxmert export onnx/,
    );
    mkdirSync(at('bert'));
    await expect(Lxmert.load(at('bert'))).rejects.toThrow('has no lxmert.json');
    writeFileSync(path.join(at('bert'), 'config.json'), '{"model_type": "bert"}');
    await expect(Lxmert.load(at('bert'))).rejects.toThrow("a model of the type 'bert'");
    writeFileSync(path.join(at('bert'), 'config.json'), '{"task": "vqa", "model": {}}');
    await expect(Lxmert.load(at('bert'))).rejects.toThrow(/folder of a run.*lxmert export onnx/);
    await expect(Lxmert.load('ftp://host/folder')).rejects.toThrow('begins with https:, http: or file:');
    await expect(Lxmert.load(at('store'), { precision: 'int8' })).rejects.toThrow(
      'has no int8 weights; it has float32',
    );
    await expect(Lxmert.load(at('store'), { engine: 'tpu' })).rejects.toThrow("not 'tpu'");
    for (const numThreads of [0, 1.5, 1000])
      await expect(Lxmert.load(at('store'), { numThreads })).rejects.toThrow(
        `must be a whole number from 1 to 256, about as many as the machine has cores; found ${numThreads}.`,
      );
  });
});

it('loads a folder from a URL, and tells its files that are missing', async () => {
  const server = await startStaticServer(folder);
  try {
    const told: number[] = [];
    const lxmert = await Lxmert.load(`${server.address}store/`, {
      onProgress: ({ numBytes, totalBytes }) => told.push(numBytes / totalBytes),
    });
    const row = makeRow(1, { imageId: 'a', numBoxes: 3, featureSize: 7 });
    const answered = await lxmert.answer(LxmertImage.fromRow({ row, provenance: undefined }), 'what');
    await lxmert.dispose();
    expect(answered.answers).toHaveLength(5);
    // Two files: what is told of the second goes on from the first.
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
    const local: number[] = [];
    const again = await Lxmert.load(at('store'), {
      onProgress: ({ numBytes, totalBytes }) => local.push(numBytes / totalBytes),
    });
    await again.dispose();
    expect(local.at(-1)).toBe(1);
    await expect(Lxmert.load(`${server.address}absent`)).rejects.toThrow('has no lxmert.json');
  } finally {
    await server.close();
  }
});

it('ends loading when its signal is aborted, with its reason, from a disk and from a URL', async () => {
  const server = await startStaticServer(folder);
  try {
    for (const source of [at('store'), `${server.address}store`]) {
      await expect(Lxmert.load(source, { signal: AbortSignal.abort(new Error('left')) })).rejects.toThrow(
        'left',
      );
      const controller = new AbortController();
      const loading = Lxmert.load(source, {
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('closed')),
      });
      await expect(loading).rejects.toThrow('closed');
      const lxmert = await Lxmert.load(source, { signal: new AbortController().signal });
      await lxmert.dispose();
    }
  } finally {
    await server.close();
  }
});

it('has nothing to say of no examples, alone and together', async () => {
  await withModel('store', async (lxmert) => {
    const { answer, match } = await lxmert.answerBatch([]);
    expect([answer?.shape, answer?.toFloat32Array().length, match]).toEqual([
      [0, ANSWERS.length],
      0,
      undefined,
    ]);
    const together = new RuntimeEnsemble([lxmert, lxmert]);
    expect((await together.answerBatch([])).answer?.shape).toEqual([0, ANSWERS.length]);
  });
});

it('averages what several models say in one way, whatever their order', () => {
  const [a, b, c] = [0.1, 1e-8, 0.7].map((value) => Float32Array.of(value)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const [mean] = averageValues([a, b, c]);
  expect(mean).toBe(Math.fround((Math.fround(0.1) + Math.fround(1e-8) + Math.fround(0.7)) / 3));
  expect(averageValues([c, a, b])[0]).toBe(mean);
});

describe('the number of threads', () => {
  it.each([
    [{ OMP_NUM_THREADS: '3' }, { numLogical: 8, numCores: 4 }, 3],
    [{ OMP_NUM_THREADS: '3,2' }, { numLogical: 8, numCores: 4 }, 3],
    [{}, { numLogical: 8, numCores: 4 }, 4],
    [{}, { numLogical: 2, numCores: 4 }, 2],
    [{}, { numLogical: 8, numCores: null }, 8],
    [{ OMP_NUM_THREADS: 'many' }, { numLogical: 8, numCores: 4, quota: { processors: 2.5 } }, 3],
    [{}, { numLogical: 8, numCores: 4, quota: { processors: 0.5 } }, 1],
  ])('of %j on %j is %i', (variables, machine, expected) => {
    expect(defaultNumThreads(variables, { quota: null, ...machine })).toBe(expected);
  });
});
