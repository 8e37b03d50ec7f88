/** @file What makes a checkpoint an LXMERT encoder: its parts, and every tensor with its shape. */

import { CheckpointError } from './checkpointError.js';
import { otherWeights } from './otherWeights.js';

/** Sizes by the names of the model's configuration, so that they can be spread into one. */
export interface ModelSizes {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLanguageLayers: number;
  readonly numVisionLayers: number;
  readonly numCrossLayers: number;
  readonly maxPositionEmbeddings: number;
  readonly typeVocabSize: number;
  readonly visualFeatureSize: number;
  readonly visualBoxSize: number;
}

/** The parts by which LXMERT is told from other models, and what a canonical name in each begins with. */
const PARTS: ReadonlyArray<readonly [prefix: string, meaning: string]> = [
  ['bert.embeddings.', 'word embeddings (embeddings)'],
  ['bert.encoder.layer.', 'language layers (layer)'],
  ['bert.encoder.visn_fc.', 'visual feature encoder (visn_fc)'],
  ['bert.encoder.r_layers.', 'vision layers (r_layers)'],
  ['bert.encoder.x_layers.', 'cross-modality layers (x_layers)'],
  ['bert.pooler.', 'pooler (pooler)'],
];

/** A model may have no layers of a kind, so only these say by their absence that it is another model. */
const INDISPENSABLE = ['bert.embeddings.', 'bert.encoder.visn_fc.', 'bert.pooler.'];

/**
 * @param names canonical names of the file's tensors
 * @throws CheckpointError when they are not LXMERT's: it says which parts of the encoder are missing
 */
export function requireLxmert(file: string, names: readonly string[]): void {
  const has = (prefix: string): boolean => names.some((name) => name.startsWith(prefix));
  if (INDISPENSABLE.every(has)) return;
  const absent = PARTS.filter(([prefix]) => !has(prefix)).map(([, meaning]) => meaning);
  const isBert = has('bert.embeddings.') && has('bert.encoder.layer.');
  const kind = isBert ? 'it looks like a plain BERT' : 'it is a model of another kind';
  const first = names.slice(0, 3).join(', ');
  const other = otherWeights(names);
  if (other !== undefined) throw new CheckpointError(file, other);
  throw new CheckpointError(
    file,
    absent.length === PARTS.length
      ? `these are not LXMERT's weights: no part of its encoder is among the ${names.length} tensors, which begin with ${first}.`
      : `these are not LXMERT's weights: ${kind}, without ${absent.join(', ')}. Name a file such as model_LXRT.pth.`,
  );
}

/** Every tensor of an encoder of these sizes, by canonical name, with its shape; Linear weights are (out, in). */
export function encoderShapes(sizes: ModelSizes): Map<string, readonly number[]> {
  const { hiddenSize, intermediateSize } = sizes;
  const shapes = new Map<string, readonly number[]>();
  const linear = (name: string, outputs: number, inputs: number): void => {
    shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
  };
  const layerNorm = (name: string): void => {
    shapes.set(`${name}.weight`, [hiddenSize]).set(`${name}.bias`, [hiddenSize]);
  };
  const sublayerOutput = (name: string, inputs: number): void => {
    linear(`${name}.dense`, hiddenSize, inputs);
    layerNorm(`${name}.LayerNorm`);
  };
  const attention = (name: string, products: string): void => {
    for (const part of ['query', 'key', 'value'])
      linear(`${name}.${products}.${part}`, hiddenSize, hiddenSize);
    sublayerOutput(`${name}.output`, hiddenSize);
  };
  const feedForward = (inner: string, output: string): void => {
    linear(`${inner}.dense`, intermediateSize, hiddenSize);
    sublayerOutput(output, intermediateSize);
  };

  shapes.set('bert.embeddings.word_embeddings.weight', [sizes.vocabSize, hiddenSize]);
  shapes.set('bert.embeddings.position_embeddings.weight', [sizes.maxPositionEmbeddings, hiddenSize]);
  shapes.set('bert.embeddings.token_type_embeddings.weight', [sizes.typeVocabSize, hiddenSize]);
  layerNorm('bert.embeddings.LayerNorm');
  linear('bert.encoder.visn_fc.visn_fc', hiddenSize, sizes.visualFeatureSize);
  layerNorm('bert.encoder.visn_fc.visn_layer_norm');
  linear('bert.encoder.visn_fc.box_fc', hiddenSize, sizes.visualBoxSize);
  layerNorm('bert.encoder.visn_fc.box_layer_norm');
  for (const [stack, count] of [
    ['layer', sizes.numLanguageLayers],
    ['r_layers', sizes.numVisionLayers],
  ] as const) {
    for (let i = 0; i < count; i++) {
      const layer = `bert.encoder.${stack}.${i}`;
      attention(`${layer}.attention`, 'self');
      feedForward(`${layer}.intermediate`, `${layer}.output`);
    }
  }
  for (let i = 0; i < sizes.numCrossLayers; i++) {
    const layer = `bert.encoder.x_layers.${i}`;
    attention(`${layer}.visual_attention`, 'att');
    for (const side of ['lang', 'visn']) {
      attention(`${layer}.${side}_self_att`, 'self');
      feedForward(`${layer}.${side}_inter`, `${layer}.${side}_output`);
    }
  }
  linear('bert.pooler.dense', hiddenSize, hiddenSize);
  return shapes;
}
