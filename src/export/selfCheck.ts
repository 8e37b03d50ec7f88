/** @file Whether an exported graph gives what its model gives: a few drawn batches through libtorch and through an ONNX runtime. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LxmertError, messageOf } from '../common/errors.js';
import { Random } from '../common/random.js';
import type { HeadDefinition, TaskModel } from '../model/index.js';
import type { EngineSession, EngineTensor, GraphFile, WeightsPrecision } from '../runtime/index.js';
import { createNodeEngine } from '../runtime/node/nodeEngine.js';
import { fromTypedArray, scope, type Tensor } from '../torch/index.js';
import { outputOfHead } from './lxmertGraph.js';

/** What a comparison found. */
export interface SelfCheck {
  /** The package that ran the graph, such as `onnxruntime-node`. */
  readonly engine: string;
  /** The largest difference from the model, as a share of the output's largest value. */
  readonly difference: number;
}

/** Largest difference that rounding explains, as a share of an output's largest value. */
const TOLERANCES: Record<WeightsPrecision, number> = { float32: 2e-5, float16: 2e-2, int8: 0.25 };

/** What a graph is compared with. */
export interface CheckedGraph {
  readonly model: TaskModel<string>;
  readonly heads: readonly HeadDefinition[];
  readonly pooled: boolean;
  /** Word pieces of the longest sentence. */
  readonly maxLength: number;
  readonly precision: WeightsPrecision;
}

/** Values and their shape, as both sides take them. */
interface DrawnBatch {
  readonly whole: Readonly<
    Record<'input_ids' | 'attention_mask' | 'token_type_ids' | 'visual_attention_mask', Ints>
  >;
  readonly real: Readonly<Record<'visual_feats' | 'visual_pos', Floats>>;
}
interface Ints {
  readonly data: BigInt64Array;
  readonly dims: readonly number[];
}
interface Floats {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** A graph's file, and that of its weights where they are apart. */
export interface CheckedFiles {
  readonly model: string;
  readonly externalData: string | undefined;
}

/**
 * Runs an exported file on the engine that Node.js has.
 *
 * @throws as {@link differenceFromModel}; LxmertError when the engine cannot read the file
 */
export async function checkExport(
  { model, externalData }: CheckedFiles,
  checked: CheckedGraph,
): Promise<SelfCheck> {
  const engine = await createNodeEngine();
  const read = async (file: string) => (engine.readsPaths ? file : await readFile(file));
  const file: GraphFile = {
    model: await read(model),
    externalData:
      externalData === undefined
        ? undefined
        : { path: path.basename(externalData), data: await read(externalData) },
  };
  const session = await engine.createSession(file).catch((cause: unknown) => {
    throw new LxmertError(
      `${engine.info.name} cannot load the graph that was written, so it was not compared with the model and not kept: ${messageOf(cause)}. Where this machine has too little memory for it, --no-check keeps it unseen.`,
      { cause },
    );
  });
  try {
    return { engine: engine.info.name, difference: await differenceFromModel(session, checked) };
  } finally {
    await session.dispose();
  }
}

const SEED = 18;
const NUM_REGIONS = 7;

/**
 * Compares sentences of several lengths with padding, padded regions, and images that sentences share.
 *
 * @returns the largest difference, as a share of the largest value of its output
 * @throws LxmertError when it is more than rounding explains
 */
async function differenceFromModel(session: EngineSession, checked: CheckedGraph): Promise<number> {
  const { precision } = checked;
  const random = new Random(SEED);
  let largest = 0;
  for (const [numSentences, numImages] of [
    [1, 1],
    [3, 3],
    [2, 1],
  ] as const) {
    const batch = drawBatch(checked, numSentences, numImages, random);
    largest = Math.max(largest, await batchDifference(session, checked, batch));
  }
  if (largest <= TOLERANCES[precision]) return largest;
  throw new LxmertError(
    `The exported graph gives other numbers than the model: they differ by ${largest.toExponential(1)} of the largest, where rounding to ${precision} explains ${TOLERANCES[precision].toExponential(0)}. Nothing was kept. If its weights are very large, another --precision may hold them; else this is a fault of the export.`,
  );
}

async function batchDifference(
  session: EngineSession,
  { model, heads, pooled }: CheckedGraph,
  batch: DrawnBatch,
): Promise<number> {
  const names = [...heads.map(outputOfHead), ...(pooled ? ['pooled_output'] : [])];
  const feeds: Record<string, EngineTensor> = {
    ...mapValues(batch.whole, (values) => ({ type: 'int64', ...values })),
    ...mapValues(batch.real, (values) => ({ type: 'float32', ...values })),
  };
  const found = await session.run(feeds, names);
  const expected = expectedOf(model, batch);
  const differences = names.map((name) =>
    differenceOf(found[name]?.data as Float32Array, expected[name] as Float32Array),
  );
  return Math.max(...differences);
}

/** What libtorch gives, by the names of the graph's outputs. */
function expectedOf(model: TaskModel<string>, { whole, real }: DrawnBatch): Record<string, Float32Array> {
  return scope(() => {
    const { imagesPerExample } = model;
    const ints = ({ data, dims }: Ints): Tensor => fromTypedArray(data, dims);
    // Pairs of images one below the other.
    const images = (dims: readonly number[]): readonly number[] =>
      imagesPerExample === 1 ? dims : [(dims[0] ?? 0) * imagesPerExample, ...dims.slice(2)];
    const [numSentences = 0] = whole.input_ids.dims;
    const [numImages = 0] = images(real.visual_feats.dims);
    const examples = Array.from({ length: numSentences * imagesPerExample }, (_, i) => i);
    const { logits, pooled } = model.forward({
      inputIds: ints(whole.input_ids),
      attentionMask: ints(whole.attention_mask),
      tokenTypeIds: ints(whole.token_type_ids),
      features: fromTypedArray(real.visual_feats.data, images(real.visual_feats.dims)),
      boxes: fromTypedArray(real.visual_pos.data, images(real.visual_pos.dims)),
      visualAttentionMask: fromTypedArray(
        whole.visual_attention_mask.data,
        images(whole.visual_attention_mask.dims),
      ),
      imageOf: examples.map((i) => i % numImages),
      sentenceOf: examples.map((i) => Math.floor(i / imagesPerExample)),
    });
    return {
      ...Object.fromEntries(
        Object.entries(logits).map(([name, tensor]) => [outputOfHead({ name }), tensor.toFloat32Array()]),
      ),
      pooled_output: pooled.toFloat32Array(),
    };
  });
}

/** As a share of the largest value expected. NaN is as wrong as can be. */
function differenceOf(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [difference, largest] = [0, 0];
  for (const [i, value] of expected.entries()) {
    const distance = Math.abs(value - (found[i] ?? Number.NaN));
    if (!(distance <= difference)) difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
    largest = Math.max(largest, Math.abs(value));
  }
  return difference === 0 ? 0 : difference / largest;
}

function drawBatch(
  { model, maxLength }: CheckedGraph,
  numSentences: number,
  numImages: number,
  random: Random,
): DrawnBatch {
  const { config, imagesPerExample } = model;
  const lengths = Array.from({ length: numSentences }, (_, i) => Math.max(2, Math.ceil(maxLength / (i + 1))));
  const width = Math.max(...lengths);
  const words = (value: (isWord: boolean) => number): Ints => ({
    data: BigInt64Array.from(
      lengths.flatMap((length) => Array.from({ length: width }, (_, i) => BigInt(value(i < length)))),
    ),
    dims: [numSentences, width],
  });
  const places = [numImages, ...(imagesPerExample === 1 ? [] : [imagesPerExample]), NUM_REGIONS];
  const numPlaces = places.reduce((product, size) => product * size);
  const drawn = (size: number): Floats => ({
    data: Float32Array.from({ length: numPlaces * size }, () => random.uniform()),
    dims: [...places, size],
  });
  // The last region of every other image is padding.
  const isRegion = (place: number): boolean =>
    place % NUM_REGIONS < NUM_REGIONS - 1 || Math.floor(place / NUM_REGIONS) % 2 === 1;
  return {
    whole: {
      input_ids: words((isWord) => (isWord ? random.integer(config.vocabSize) : 0)),
      attention_mask: words(Number),
      token_type_ids: words(() => 0),
      visual_attention_mask: {
        data: BigInt64Array.from({ length: numPlaces }, (_, place) => BigInt(isRegion(place))),
        dims: places,
      },
    },
    real: { visual_feats: drawn(config.visualFeatureSize), visual_pos: drawn(config.visualBoxSize) },
  };
}

function mapValues<K extends string, V, W>(
  record: Readonly<Record<K, V>>,
  map: (value: V) => W,
): Record<K, W> {
  return Object.fromEntries(Object.entries<V>(record).map(([key, value]) => [key, map(value)])) as Record<
    K,
    W
  >;
}
