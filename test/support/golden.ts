/** @file The golden cases: tensors and facts recorded from the reference implementation. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { lxmertConfig } from '../../src/model/index.js';
import { type Tensor, tensor } from '../../src/torch/index.js';

const root = fileURLToPath(new URL('../golden/', import.meta.url));

/** A file of test/golden, whose README says what is in it. */
export function goldenPath(...parts: string[]): string {
  return path.join(root, ...parts);
}

interface GoldenTensor {
  readonly dtype: 'f32' | 'i32';
  readonly shape: readonly number[];
  readonly offset: number;
}

interface GoldenSteps {
  readonly loss: number;
  readonly grad_norm: number;
}

/** The parts of index.json that tests read. */
export interface GoldenIndex {
  readonly tensors: Readonly<Record<string, GoldenTensor>>;
  readonly config: Readonly<Record<string, number>>;
  readonly schedules: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly vqa: GoldenAnswers;
  readonly gqa: GoldenAnswers & { readonly mce_loss: number };
  readonly nlvr2: GoldenFinetuning;
  readonly pretrain: GoldenPretraining;
  readonly dataset: {
    readonly entries: readonly {
      readonly img_id: string;
      readonly sent: string;
      readonly uid: string;
      readonly label: readonly (readonly [answer: string, score: number])[] | null;
    }[];
  };
  readonly masking: { readonly cases: readonly GoldenMasking[] };
  readonly answers: { readonly num_answers: Readonly<Record<string, number>> };
}

export interface GoldenPretraining {
  readonly loss_names: readonly string[];
  readonly steps: readonly {
    readonly total: number;
    readonly losses: readonly number[];
    readonly grad_norm: number;
    readonly lr: number;
  }[];
  readonly after_5_steps: { readonly total: number; readonly losses: readonly number[] };
  readonly grad_l2_first_step: Readonly<Record<string, number>>;
}

/** `random`: a number; `choice`: the token drawn; `randint`: bounds and result; `multinomial`: shares and index. */
export type GoldenDraw =
  | readonly ['random', number]
  | readonly ['choice', string]
  | readonly ['randint', number, number, number]
  | readonly ['multinomial', readonly number[], number];

export interface GoldenMasking {
  readonly item: number;
  readonly word_mask_rate: number;
  readonly obj_mask_rate: number;
  readonly sent: string;
  readonly is_matched: 0 | 1;
  readonly draws_in_getitem: readonly GoldenDraw[];
  readonly draws_in_convert: readonly GoldenDraw[];
  readonly input_ids: readonly number[];
  readonly lm_label_ids: readonly number[];
  readonly input_mask: readonly number[];
  readonly feat_mask: readonly number[];
  readonly feat_kind: readonly ('same' | 'zero' | 'random')[];
  readonly ans: number;
}

export interface GoldenAnswers extends GoldenFinetuning {
  readonly label2ans: readonly string[];
}

export interface GoldenFinetuning {
  readonly loss: number;
  readonly steps: readonly GoldenSteps[];
  readonly loss_after_5_steps: number;
  readonly clip: number;
  readonly lr: number;
  readonly warmup: number;
  readonly t_total: number;
  readonly parameters_without_gradient: readonly string[];
  readonly valid_score: number;
}

export class Golden {
  readonly index: GoldenIndex;
  readonly #data: Buffer;

  constructor() {
    this.index = JSON.parse(readFileSync(goldenPath('index.json'), 'utf8')) as GoldenIndex;
    this.#data = readFileSync(goldenPath('data.bin'));
  }

  /** Names of golden tensors that begin with `prefix`, without it. */
  names(prefix: string): string[] {
    return Object.keys(this.index.tensors)
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  values(name: string): Float32Array | Int32Array {
    const entry = this.index.tensors[name];
    if (entry === undefined) throw new Error(`There is no golden tensor '${name}'.`);
    const count = entry.shape.reduce((product, size) => product * size, 1);
    const bytes = Uint8Array.from(this.#data.subarray(entry.offset, entry.offset + 4 * count)).buffer;
    return entry.dtype === 'f32' ? new Float32Array(bytes) : new Int32Array(bytes);
  }

  tensor(name: string): Tensor {
    return tensor(this.values(name), this.index.tensors[name]?.shape);
  }

  /** The small model's configuration, without dropout. */
  modelConfig() {
    const c = this.index.config;
    return lxmertConfig({
      vocabSize: c.vocab_size!,
      hiddenSize: c.hidden_size!,
      numAttentionHeads: c.num_attention_heads!,
      intermediateSize: c.intermediate_size!,
      numLanguageLayers: c.l_layers!,
      numVisionLayers: c.r_layers!,
      numCrossLayers: c.x_layers!,
      maxPositionEmbeddings: c.max_position_embeddings!,
      typeVocabSize: c.type_vocab_size!,
      visualFeatureSize: c.visual_feat_dim!,
      visualBoxSize: c.visual_pos_dim!,
      hiddenDropout: 0,
      attentionDropout: 0,
    });
  }
}

/** The largest absolute difference of two arrays of equal length. */
export function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) {
    throw new Error(`Expected ${expected.length} values, found ${actual.length}.`);
  }
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** The Euclidean norm. */
export function normOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}
