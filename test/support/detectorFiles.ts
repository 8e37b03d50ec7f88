/** @file Detector files for tests: layer by layer as Caffe and the PyTorch ports write them, from lists made here. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { Random } from '../../src/common/random.js';
import {
  BOTTOM_UP_ATTENTION,
  type DetectorArchitecture,
  type StageArchitecture,
} from '../../src/vision/detector/architecture.js';
import {
  bytes,
  integer,
  pickle,
  pickledDict,
  pickledTensor,
  pthFile,
  uint32,
  unicode,
} from '../checkpoint/bytes.js';
import { blobShape, caffemodel, layer, lengthDelimited, varint } from '../checkpoint/caffeBytes.js';

/** The published topology with fewer blocks and channels. */
export const TINY_DETECTOR: DetectorArchitecture = {
  inputChannels: 3,
  stemChannels: 4,
  imageStages: [
    { name: 'res2', blocks: ['a', 'b'], middleChannels: 3, outputChannels: 6, stride: 1, dilation: 1 },
    { name: 'res4', blocks: ['a', 'b1', 'b2'], middleChannels: 2, outputChannels: 5, stride: 2, dilation: 1 },
  ],
  regionStage: { name: 'res5', blocks: ['a'], middleChannels: 3, outputChannels: 7, stride: 1, dilation: 2 },
  anchors: BOTTOM_UP_ATTENTION.anchors,
  rpnChannels: 3,
  pooledSize: 14,
  numClasses: 6,
  classEmbeddingSize: 2,
  attributeHiddenSize: 3,
  numAttributes: 4,
};

/** A layer of the published network with the shapes of its blobs. */
export interface ListedLayer {
  readonly name: string;
  readonly type: string;
  readonly shapes: ReadonlyArray<readonly number[]>;
}

/** Every layer with blobs, from the description of the network and not from the code under test. */
export function listLayers(architecture: DetectorArchitecture): ListedLayer[] {
  const { numClasses, rpnChannels, anchors, numAttributes, stemChannels, regionStage } = architecture;
  const layers: ListedLayer[] = [];
  const convolution = (name: string, suffix: string, out: number, inputs: number, k: number): void => {
    layers.push({ name, type: 'Convolution', shapes: [[out, inputs, k, k]] });
    layers.push({ name: `bn${suffix}`, type: 'BatchNorm', shapes: [[out], [out], [1]] });
    layers.push({ name: `scale${suffix}`, type: 'Scale', shapes: [[out], [out]] });
  };
  const stage = ({ name, blocks, middleChannels: middle, outputChannels: out }: StageArchitecture): void => {
    for (const block of blocks) {
      const id = name.slice(3) + block;
      const inputs = block === 'a' ? channels : out;
      if (block === 'a') convolution(`res${id}_branch1`, `${id}_branch1`, out, inputs, 1);
      convolution(`res${id}_branch2a`, `${id}_branch2a`, middle, inputs, 1);
      convolution(`res${id}_branch2b`, `${id}_branch2b`, middle, middle, 3);
      convolution(`res${id}_branch2c`, `${id}_branch2c`, out, middle, 1);
    }
    channels = out;
  };
  let channels = stemChannels;
  convolution('conv1', '_conv1', stemChannels, architecture.inputChannels, 7);
  for (const each of architecture.imageStages) stage(each);
  const numAnchors = anchors.ratios.length * anchors.scales.length;
  const plain = (name: string, type: string, ...shape: number[]): void => {
    layers.push({ name, type, shapes: type === 'Embed' ? [shape] : [shape, shape.slice(0, 1)] });
  };
  plain('rpn_conv/3x3', 'Convolution', rpnChannels, channels, 3, 3);
  plain('rpn_cls_score', 'Convolution', 2 * numAnchors, rpnChannels, 1, 1);
  plain('rpn_bbox_pred', 'Convolution', 4 * numAnchors, rpnChannels, 1, 1);
  stage(regionStage);
  plain('cls_score', 'InnerProduct', numClasses, channels);
  plain('bbox_pred', 'InnerProduct', 4 * numClasses, channels);
  plain('cls_embedding', 'Embed', numClasses, architecture.classEmbeddingSize);
  plain(
    'fc_attr',
    'InnerProduct',
    architecture.attributeHiddenSize,
    channels + architecture.classEmbeddingSize,
  );
  plain('attr_score', 'InnerProduct', numAttributes, architecture.attributeHiddenSize);
  return layers;
}

export function numValuesOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Random values from 0.5 to 1.5, so that they will do as variances. */
export function randomBlobs(layers: readonly ListedLayer[], seed: number): Map<string, Float32Array> {
  const random = new Random(seed);
  return new Map(
    layers.flatMap(({ name, shapes }) =>
      shapes.map((shape, i): [string, Float32Array] => [
        `${name}/${i}`,
        Float32Array.from({ length: numValuesOf(shape) }, () => 0.5 + random.uniform()),
      ]),
    ),
  );
}

/** Layers of the published file's training network that the detector has no use for. */
const EXTRA_BEFORE = [layer('input-data', 'Python'), layer('data_input-data_0_split', 'Split')];
const extraAfter = (): Buffer[] => [
  layer('fc_rel1', 'InnerProduct', [
    bytes(blobShape([2, 3], 'packed'), lengthDelimited(5, Buffer.alloc(24))),
    bytes(blobShape([2], 'packed'), lengthDelimited(5, Buffer.alloc(8))),
  ]),
  layer('loss_rel', 'SoftmaxWithLoss'),
];

/** A .caffemodel of these layers, with layers before and after that are not the detector's. */
export function caffeDetector(
  layers: readonly ListedLayer[],
  blobs: ReadonlyMap<string, Float32Array>,
  shapeStyle: 'packed' | 'legacy' = 'packed',
): Buffer {
  return caffemodel(
    ...EXTRA_BEFORE,
    ...layers.map(({ name, type, shapes }) =>
      layer(
        name,
        type,
        shapes.map((shape, i) => {
          const values = blobs.get(`${name}/${i}`) as Float32Array;
          const data = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
          return bytes(blobShape(shape, shapeStyle), lengthDelimited(5, data));
        }),
      ),
    ),
    ...extraAfter(),
  );
}

/**
 * Largest value of a blob, so that a network of random weights computes something: activations keep their size from
 * layer to layer, residual branches add a little, proposals stay near their anchors.
 */
function sizeOfValues({ name, type }: ListedLayer, blob: number, shape: readonly number[]): number {
  if (blob > 0) return 0.1;
  // Uniform values from -a to a have the variance a * a / 3; a ReLU behind them halves it.
  const kept = Math.sqrt(6 / numValuesOf(shape.slice(1)));
  // Features come out around 500: well within what stores take, large enough for decided classes.
  if (name === 'conv1') return kept / 100;
  if (/^res.*_branch2c$/.test(name)) return kept / 4;
  if (name === 'rpn_bbox_pred') return kept / 20;
  if (type === 'InnerProduct') return 2 * kept;
  return type === 'Embed' ? 1 : kept;
}

/**
 * The same, of any size, straight to a file; values repeat after a million. A network of these weights gives finite
 * numbers. @returns the number of values
 */
export function writeLargeCaffeDetector(file: string, layers: readonly ListedLayer[]): number {
  const random = new Random(1);
  const pool = Float32Array.from({ length: 1 << 20 }, () => 2 * random.uniform() - 1);
  const valuesOf = (each: ListedLayer, blob: number, shape: readonly number[]): Buffer => {
    const numValues = Math.min(pool.length, numValuesOf(shape));
    // Variances, scale factors and gammas must be positive: 1. Means and betas are 0.
    const isNorm = each.type === 'BatchNorm' || each.type === 'Scale';
    const constant = (each.type === 'BatchNorm') === blob > 0 ? 1 : 0;
    const size = sizeOfValues(each, blob, shape);
    const values = pool.subarray(0, numValues).map((value) => (isNorm ? constant : size * value));
    return Buffer.from(values.buffer);
  };
  const descriptor = openSync(file, 'w');
  const write = (data: Uint8Array): void => {
    for (let done = 0; done < data.length; ) done += writeSync(descriptor, data, done);
  };
  let numValues = 0;
  write(caffemodel(...EXTRA_BEFORE));
  for (const each of layers) {
    const { name, type, shapes } = each;
    // A message says its length before its content, so heads are made first.
    const blobs = shapes.map((shape, i) => {
      const numBytes = 4 * numValuesOf(shape);
      const head = bytes(blobShape(shape, 'packed'), varint(5 * 8 + 2), varint(numBytes));
      const values = valuesOf(each, i, shape);
      return { head: bytes(varint(7 * 8 + 2), varint(head.length + numBytes), head), numBytes, values };
    });
    const start = bytes(lengthDelimited(1, name), lengthDelimited(2, type));
    const length = blobs.reduce((sum, { head, numBytes }) => sum + head.length + numBytes, start.length);
    write(bytes(varint(100 * 8 + 2), varint(length), start));
    for (const { head, numBytes, values } of blobs) {
      write(head);
      numValues += numBytes / 4;
      for (let left = numBytes; left > 0; left -= values.length) {
        write(values.subarray(0, Math.min(left, values.length)));
      }
    }
  }
  for (const each of extraAfter()) write(each);
  closeSync(descriptor);
  return numValues;
}

export interface PortTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Random tensors of both PyTorch ports by their names; one score for each anchor, background last, no boxes for it. */
export function randomPort(architecture: DetectorArchitecture, seed: number): Map<string, PortTensor> {
  const { anchors, numClasses, numAttributes, rpnChannels, classEmbeddingSize, attributeHiddenSize } =
    architecture;
  const random = new Random(seed);
  const tensors = new Map<string, PortTensor>();
  const add = (name: string, ...shape: number[]): void => {
    const values = Float32Array.from({ length: numValuesOf(shape) }, () => 0.5 + random.uniform());
    tensors.set(name, { shape, values });
  };
  const convolution = (name: string, out: number, inputs: number, k: number): void => {
    add(`${name}.weight`, out, inputs, k, k);
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) add(`${name}.norm.${part}`, out);
  };
  let channels = architecture.stemChannels;
  convolution('backbone.stem.conv1', channels, architecture.inputChannels, 7);
  const stage = (
    room: string,
    { name, blocks, middleChannels, outputChannels: out }: StageArchitecture,
  ): void => {
    for (let i = 0; i < blocks.length; i++) {
      const block = `${room}.${name}.${i}`;
      if (i === 0) convolution(`${block}.shortcut`, out, channels, 1);
      convolution(`${block}.conv1`, middleChannels, i === 0 ? channels : out, 1);
      convolution(`${block}.conv2`, middleChannels, middleChannels, 3);
      convolution(`${block}.conv3`, out, middleChannels, 1);
    }
    channels = out;
  };
  for (const each of architecture.imageStages) stage('backbone', each);
  const layerWithBias = (name: string, ...shape: number[]): void => {
    add(`${name}.weight`, ...shape);
    add(`${name}.bias`, shape[0] as number);
  };
  const numAnchors = anchors.ratios.length * anchors.scales.length;
  add('proposal_generator.anchor_generator.cell_anchors.0', numAnchors, 4);
  layerWithBias('proposal_generator.rpn_head.conv', rpnChannels, channels, 3, 3);
  layerWithBias('proposal_generator.rpn_head.objectness_logits', numAnchors, rpnChannels, 1, 1);
  layerWithBias('proposal_generator.rpn_head.anchor_deltas', 4 * numAnchors, rpnChannels, 1, 1);
  stage('roi_heads', architecture.regionStage);
  const head = 'roi_heads.box_predictor';
  layerWithBias(`${head}.cls_score`, numClasses, channels);
  layerWithBias(`${head}.bbox_pred`, 4 * (numClasses - 1), channels);
  add(`${head}.cls_embedding.weight`, numClasses, classEmbeddingSize);
  layerWithBias(`${head}.fc_attr`, attributeHiddenSize, channels + classEmbeddingSize);
  layerWithBias(`${head}.attr_score`, numAttributes, attributeHiddenSize);
  return tensors;
}

const bytesOf = ({ values }: PortTensor): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** {"model": {name: array}, "__author__": ...} as Detectron2's converters pickle it. */
export function detectron2File(tensors: ReadonlyMap<string, PortTensor>): Buffer {
  const arrays = [...tensors].map(([name, tensor]): [string, Buffer] => {
    const data = bytesOf(tensor);
    const shape = bytes('(', ...tensor.shape.map(integer), 't');
    const type = bytes(
      'cnumpy\ndtype\n',
      unicode('f4'),
      'K',
      0,
      'K',
      1,
      '\x87R(K',
      3,
      unicode('<'),
      'NNNK',
      0,
      'K',
      0,
      'K',
      0,
      'tb',
    );
    const made = bytes('cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK', 0, '\x85C', 1, 'b\x87R');
    return [name, bytes(made, '(K', 1, shape, type, '\x89B', uint32(data.length), data, 'tb')];
  });
  return pickle(
    pickledDict({ model: pickledDict(Object.fromEntries(arrays)), __author__: unicode('nobody') }),
  );
}

/** A torch file with the tensors at its top and the counters that PyTorch's norms keep. */
export function huggingFaceFile(tensors: ReadonlyMap<string, PortTensor>): Buffer {
  const entries: Record<string, Buffer> = {};
  const storages: Record<string, Buffer> = {};
  for (const [name, tensor] of tensors) {
    const key = String(Object.keys(storages).length);
    storages[key] = bytesOf(tensor);
    const { shape, values } = tensor;
    const strides = shape.map((_, i) => numValuesOf(shape.slice(i + 1)));
    entries[name] = pickledTensor({ key, numStored: values.length, shape, strides });
  }
  storages.counter = Buffer.alloc(8);
  entries['backbone.stem.conv1.norm.num_batches_tracked'] = pickledTensor({
    key: 'counter',
    storageClass: 'LongStorage',
    numStored: 1,
    shape: [],
    strides: [],
  });
  return pthFile(pickle(pickledDict(entries)), storages);
}
