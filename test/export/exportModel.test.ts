import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveCheckpoint } from '../../src/checkpoint/index.js';
import { exportModel } from '../../src/export/index.js';
import { sha256Of } from '../../src/formats/hashes/sha256.js';
import { lxmertConfig, PretrainingModel, questionAnsweringModel } from '../../src/model/index.js';
import { type ModelManifest, parseManifest } from '../../src/runtime/index.js';
import { noGrad, scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { manualSeed } from '../../src/torch/random.js';
import { ANSWERS, WORDS, writeSmallRun } from '../support/tinyLxmert.js';

let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lxmert-export-'));
  out = path.join(folder, 'exported');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function smallRun(name = 'run', options: Parameters<typeof writeSmallRun>[1] = {}): Promise<string> {
  const run = path.join(folder, name);
  await writeSmallRun(run, options);
  return run;
}

/** Every file of a folder by its path. */
function filesOf(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(root, name)).isFile())
    .sort();
}

function manifestOf(root: string): ModelManifest {
  const file = path.join(root, 'lxmert.json');
  return parseManifest(readFileSync(file, 'utf8'), file) as ModelManifest;
}

const COMMON = [
  'answers.json',
  'config.json',
  'lxmert.json',
  'preprocessor_config.json',
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.txt',
];

describe('exportModel', () => {
  it('writes a folder whose manifest tells every file, and a graph that runs', async () => {
    const model = await smallRun('run', { pixelRegions: { numBoxes: 4 } });
    await exportModel({ source: { model }, out, precision: 'float32' });
    expect(filesOf(out)).toEqual([...COMMON, 'onnx/model.onnx'].sort());
    const manifest = manifestOf(out);
    for (const name of filesOf(out).filter((each) => each !== 'lxmert.json')) {
      const bytes = readFileSync(path.join(out, name));
      expect(manifest.files[name]).toEqual({ numBytes: bytes.length, sha256: sha256Of(bytes) });
    }
    expect(manifest).toMatchObject({
      task: null,
      imagesPerExample: 1,
      heads: { answers: { output: 'logits', num: ANSWERS.length, probabilities: 'sigmoid' }, matching: null },
      outputs: ['answers'],
      text: { maxLength: 20, lowerCase: true },
      model: { visualFeatureSize: 7, hiddenSize: 16, numCrossLayers: 2 },
      regions: { pixelRegions: { numBoxes: 4 } },
      weights: [{ precision: 'float32', file: 'onnx/model.onnx', externalData: null }],
    });
    expect(JSON.parse(readFileSync(path.join(out, 'answers.json'), 'utf8'))).toEqual(ANSWERS);
    const config = JSON.parse(readFileSync(path.join(out, 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      model_type: 'lxmert',
      architectures: ['LxmertForQuestionAnswering'],
      id2label: { 0: 'black' },
      label2id: { black: 0 },
      x_layers: 2,
    });
    const session = await ort.InferenceSession.create(path.join(out, 'onnx/model.onnx'));
    expect(session.outputNames).toEqual(['logits']);
    await session.release();
  });

  it('adds precisions of the same model, and refuses another one', async () => {
    const model = await smallRun();
    const names = path.join(folder, 'names.txt');
    writeFileSync(names, 'cat\ndog\n');
    await exportModel({ source: { model }, out, precision: 'float32', objectNames: names });
    await exportModel({ source: { model }, out, precision: 'float16', externalData: true });
    const manifest = manifestOf(out);
    expect(manifest.weights).toEqual([
      { precision: 'float32', file: 'onnx/model.onnx', externalData: null },
      { precision: 'float16', file: 'onnx/model_fp16.onnx', externalData: 'onnx/model_fp16.onnx_data' },
    ]);
    expect(manifest.regions.objects).toBe('objects_vocab.txt');
    expect(Object.keys(manifest.files).sort()).toEqual(filesOf(out).filter((name) => name !== 'lxmert.json'));
    // Once more in one file: the weights' own is not left behind.
    await exportModel({ source: { model }, out, precision: 'float16' });
    expect(filesOf(out)).not.toContain('onnx/model_fp16.onnx_data');
    const other = await smallRun('other', { seed: 6 });
    await expect(exportModel({ source: { model: other }, out, precision: 'int8' })).rejects.toThrow(
      `'${out}' holds the export of another model`,
    );
    const outputs = ['answers', 'pooled'] as const;
    await expect(exportModel({ source: { model }, out, precision: 'int8', outputs })).rejects.toThrow(
      'has the outputs answers, which all its precisions share',
    );
    expect(manifestOf(out).weights).toHaveLength(2);
  });

  it('refuses weights beyond float16 before it writes any, where they are stored in it', async () => {
    const run = await smallRun();
    const file = path.join(run, 'BEST.pth');
    const config = lxmertConfig(JSON.parse(readFileSync(path.join(run, 'config.json'), 'utf8')).model);
    using model = questionAnsweringModel(config, ANSWERS.length);
    const weights = new Map(model.namedParameters());
    const [name] = [...weights.keys()].filter((each) => each.endsWith('dense.weight'));
    noGrad(() => scope(() => ops.copy_(weights.get(name!)!, ops.mul(weights.get(name!)!, 1e8))));
    await saveCheckpoint(file, weights, 'reference-finetuned');
    for (const precision of ['float16', 'int8'] as const) {
      await expect(exportModel({ source: { model: run }, out, precision })).rejects.toThrow(
        /BEST\.pth: the weight \S+ has values beyond 65504, the largest of float16\. Export it with --precision float32\.$/,
      );
      expect(filesOf(out)).toEqual([]);
    }
    await exportModel({ source: { model: run }, out, precision: 'float32', check: false });
  });

  it('never writes over a file that no export wrote', async () => {
    const model = await smallRun();
    mkdirSync(out);
    writeFileSync(path.join(out, 'README.md'), 'mine');
    writeFileSync(path.join(out, 'config.json'), '{}');
    await expect(exportModel({ source: { model }, out, precision: 'float32' })).rejects.toThrow(
      `${path.join(out, 'config.json')} is there already, and no export wrote it.`,
    );
    expect(filesOf(out)).toEqual(['README.md', 'config.json']);
    rmSync(path.join(out, 'config.json'));
    await exportModel({ source: { model }, out, precision: 'float32' });
    expect(readFileSync(path.join(out, 'README.md'), 'utf8')).toBe('mine');
  });

  it('takes everything back when it is interrupted', async () => {
    const model = await smallRun();
    const stop = new AbortController();
    const progress = { update: () => stop.abort(new Error('stopped')) };
    const options = { source: { model }, out, precision: 'float32', signal: stop.signal, progress } as const;
    await expect(exportModel(options)).rejects.toThrow('stopped');
    expect(existsSync(out)).toBe(false);
  });

  it('exports pairs of images, matching, and the encoder alone', async () => {
    const pairs = await smallRun('pairs', { imagesPerExample: 2 });
    await exportModel({ source: { model: pairs }, out, precision: 'float32' });
    expect(manifestOf(out).imagesPerExample).toBe(2);

    const vocabulary = path.join(folder, 'vocab.txt');
    writeFileSync(vocabulary, `${WORDS.join('\n')}\n`);
    manualSeed(1);
    const sizes = { vocabSize: WORDS.length, hiddenSize: 16, numAttentionHeads: 2, intermediateSize: 24 };
    const layers = { numLanguageLayers: 1, numVisionLayers: 1, numCrossLayers: 1 };
    const config = lxmertConfig({ ...sizes, ...layers, visualFeatureSize: 7, maxPositionEmbeddings: 20 });
    using pretrained = new PretrainingModel(config, {
      numObjects: 3,
      numAttributes: 2,
      numAnswers: undefined,
    });
    const model = path.join(folder, 'model_LXRT.pth');
    await saveCheckpoint(model, pretrained.checkpointTensors(), 'reference-pretraining');
    const source = { model, vocabulary, numAttentionHeads: 2 };
    const matching = path.join(folder, 'matching');
    await exportModel({ source, out: matching, precision: 'float32' });
    expect(manifestOf(matching)).toMatchObject({
      outputs: ['matching'],
      heads: { answers: null, matching: { output: 'match_logits' } },
    });
    expect(filesOf(matching)).not.toContain('answers.json');
    await expect(
      exportModel({ source, out: path.join(folder, 'no'), precision: 'float32', outputs: ['answers'] }),
    ).rejects.toThrow('has no answer head');

    const encoder = path.join(folder, 'encoder');
    await exportModel({ source, out: encoder, precision: 'float32', outputs: ['pooled', 'attentions'] });
    expect(manifestOf(encoder)).toMatchObject({
      outputs: ['pooled', 'attentions'],
      heads: { matching: null },
    });
    const session = await ort.InferenceSession.create(path.join(encoder, 'onnx/model.onnx'));
    expect(session.outputNames).toEqual([
      'pooled_output',
      'language_attentions.0',
      'vision_attentions.0',
      'cross_encoder_attentions.0',
      'cross_encoder_vision_attentions.0',
    ]);
    await session.release();
  });
});
