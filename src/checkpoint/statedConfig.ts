/**
 * @file config.json beside weights: what tensors do not tell of a model, in the forms that Hugging Face and the runs of this
 * program write.
 */

import { readFile } from 'node:fs/promises';
import { hasErrorCode, LxmertError, messageOf, UsageError } from '../common/errors.js';
import { excerptOfJson } from '../common/excerpt.js';
import { parseJson } from '../formats/jsonFault.js';
import type { ModelSizes } from './architecture.js';

/** What shapes of tensors do not tell, by the names of the model's configuration. */
export interface UntoldSettings {
  readonly numAttentionHeads: number;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  readonly layerNormEps: number;
  readonly initializerRange: number;
}

/** A size that a configuration states although tensors tell it. */
export interface StatedSize {
  /** As the file calls it, such as `hidden_size`. */
  readonly key: string;
  readonly size: keyof ModelSizes | 'numAnswers' | 'numObjects' | 'numAttributes';
  readonly value: number;
}

export interface StatedConfig {
  readonly file: string;
  readonly form: 'huggingface' | 'run';
  readonly sizes: readonly StatedSize[];
  readonly untold: Partial<UntoldSettings>;
}

type Fields = Readonly<Record<string, unknown>>;

const HUGGING_FACE_SIZES = {
  vocab_size: 'vocabSize',
  hidden_size: 'hiddenSize',
  intermediate_size: 'intermediateSize',
  l_layers: 'numLanguageLayers',
  r_layers: 'numVisionLayers',
  x_layers: 'numCrossLayers',
  max_position_embeddings: 'maxPositionEmbeddings',
  type_vocab_size: 'typeVocabSize',
  visual_feat_dim: 'visualFeatureSize',
  visual_pos_dim: 'visualBoxSize',
  num_qa_labels: 'numAnswers',
  num_object_labels: 'numObjects',
  num_attr_labels: 'numAttributes',
} as const;

const RUN_SIZES = [
  'vocabSize',
  'hiddenSize',
  'intermediateSize',
  'numLanguageLayers',
  'numVisionLayers',
  'numCrossLayers',
  'maxPositionEmbeddings',
  'typeVocabSize',
  'visualFeatureSize',
  'visualBoxSize',
] as const;

/** Newer versions of transformers keep the counts of layers together. */
const LAYER_COUNTS = {
  language: 'numLanguageLayers',
  vision: 'numVisionLayers',
  cross_encoder: 'numCrossLayers',
} as const;

/** The exact GELU, by the names it goes by. */
const EXACT_GELU = ['gelu', 'gelu_python'];

/**
 * Reads a configuration.
 *
 * @returns undefined when there is no such file, or it says nothing of a model
 * @throws UsageError for values that a model cannot have, and for a model that this program does not compute
 */
export async function readStatedConfig(file: string): Promise<StatedConfig | undefined> {
  const content = await readJson(file);
  if (!isFields(content)) return undefined;
  if (isFields(content.model) && 'numAttentionHeads' in content.model) return ofRun(file, content.model);
  const isModel = ['num_attention_heads', 'hidden_size', 'model_type'].some((key) => key in content);
  return isModel ? ofHuggingFace(file, content) : undefined;
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw new LxmertError(`${file} lies beside the weights and cannot be read: ${messageOf(error)}.`);
  }
  try {
    return parseJson(text);
  } catch (error) {
    throw new UsageError(
      `${file} should say what the weights beside it do not, such as the number of attention heads, but is not valid JSON: ${messageOf(error)}. Copy it again, or keep the weights apart from it.`,
    );
  }
}

function ofRun(file: string, model: Fields): StatedConfig {
  const number = numberReader(file, model, 'model.');
  const heads = number('numAttentionHeads', 'count');
  return {
    file,
    form: 'run',
    sizes: RUN_SIZES.flatMap((size) => {
      const value = number(size, size.startsWith('num') ? 'layers' : 'count');
      return value === undefined ? [] : [{ key: `model.${size}`, size, value }];
    }),
    untold: withoutUndefined({
      numAttentionHeads: heads,
      hiddenDropout: number('hiddenDropout', 'share'),
      attentionDropout: number('attentionDropout', 'share'),
      layerNormEps: number('layerNormEps', 'positive'),
      initializerRange: number('initializerRange', 'positive'),
    }),
  };
}

function ofHuggingFace(file: string, content: Fields): StatedConfig {
  refuseOthers(file, content);
  const number = numberReader(file, content);
  const sizes: StatedSize[] = Object.entries(HUGGING_FACE_SIZES).flatMap(([key, size]) => {
    const value = number(key, key.endsWith('_layers') ? 'layers' : 'count');
    return value === undefined ? [] : [{ key, size, value }];
  });
  if (isFields(content.num_hidden_layers)) {
    const layers = numberReader(file, content.num_hidden_layers, 'num_hidden_layers.');
    for (const [key, size] of Object.entries(LAYER_COUNTS)) {
      const value = layers(key, 'layers');
      if (value !== undefined) sizes.push({ key: `num_hidden_layers.${key}`, size, value });
    }
  }
  return {
    file,
    form: 'huggingface',
    sizes,
    untold: withoutUndefined({
      numAttentionHeads: number('num_attention_heads', 'count'),
      hiddenDropout: number('hidden_dropout_prob', 'share'),
      attentionDropout: number('attention_probs_dropout_prob', 'share'),
      layerNormEps: number('layer_norm_eps', 'positive'),
      initializerRange: number('initializer_range', 'positive'),
    }),
  };
}

/** @throws UsageError for a model that would be computed otherwise */
function refuseOthers(file: string, content: Fields): void {
  const {
    hidden_act: activation,
    position_embedding_type: positions,
    quantization_config: quantized,
  } = content;
  if (activation !== undefined && !EXACT_GELU.includes(String(activation))) {
    throw new UsageError(
      `${file} says that the feed-forward layers use '${shown(activation)}' (hidden_act), and this program computes LXMERT's 'gelu' only: it would answer otherwise than the model was trained to.`,
    );
  }
  if (positions !== undefined && positions !== 'absolute') {
    throw new UsageError(
      `${file} says that positions are '${shown(positions)}' (position_embedding_type), and this program computes LXMERT's 'absolute' ones only: it would answer otherwise than the model was trained to.`,
    );
  }
  if (quantized !== undefined && quantized !== null) {
    throw new UsageError(
      `${file} says that the weights are quantised (quantization_config), and this program reads them as floating-point numbers only. Save them unquantised.`,
    );
  }
}

/** Reads numbers of one object. @throws UsageError for what is no such number */
function numberReader(file: string, content: Fields, before = '') {
  const rules = {
    count: [(value: number) => Number.isSafeInteger(value) && value >= 1, 'a whole number from 1'],
    layers: [(value: number) => Number.isSafeInteger(value) && value >= 0, 'a whole number from 0'],
    share: [(value: number) => value >= 0 && value < 1, 'a number from 0 and below 1'],
    positive: [(value: number) => value > 0 && value < Number.POSITIVE_INFINITY, 'a number above 0'],
  } as const;
  return (key: string, kind: keyof typeof rules): number | undefined => {
    const value = content[key];
    if (value === undefined || value === null) return undefined;
    const [holds, expected] = rules[kind];
    if (typeof value === 'number' && holds(value)) return value;
    throw new UsageError(
      `${file}: ${before}${key} should be ${expected}, and is ${typeof value === 'string' ? `the text "${shown(value)}"` : shown(value)}.`,
    );
  };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 60) : excerptOfJson(value, 60);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutUndefined(
  settings: {
    readonly [Key in keyof UntoldSettings]: UntoldSettings[Key] | undefined;
  },
): Partial<UntoldSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
