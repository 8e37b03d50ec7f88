/** @file The values of weights: ranges, and what shows that they were never written or never trained. */

import { noGrad, requireMappedFiles, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { CheckpointFile } from './checkpointFile.js';
import { standsForNumbers } from './tensorEntry.js';

/** The smallest and the largest value; both are NaN when a value is. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** One pass over a tensor of numbers. */
export function valueRange(tensor: Tensor): ValueRange {
  if (tensor.numel === 0) return { min: 0, max: 0 };
  return scope(() =>
    noGrad(() => {
      // libtorch 1.13 has no aminmax for float16 on a processor.
      const values = tensor.dtype === 'float16' ? ops.to(tensor, 'float32') : tensor;
      const [min, max] = ops.aminmax(ops.detach(values));
      return { min: ops.to(min, 'float64').item(), max: ops.to(max, 'float64').item() };
    }),
  );
}

/** What ranges of tensors say, by canonical name. */
export class ValueCheck {
  readonly #ranges = new Map<string, ValueRange>();

  add(name: string, range: ValueRange): void {
    this.#ranges.set(name, range);
  }

  /** Tensors with a value that is no number or infinite. */
  get notFinite(): string[] {
    return this.#names((_, { min, max }) => !Number.isFinite(min) || !Number.isFinite(max));
  }

  /** Weights of layers, in which every value is the same: a layer that tells nothing apart. */
  get constant(): string[] {
    return this.#names((name, { min, max }) => isLayerWeight(name) && min === max);
  }

  /**
   * Parts whose biases are all 0 and whose norms are all 1, as they are drawn: one step of training changes them.
   */
  get untrained(): ('encoder' | 'answer head')[] {
    const parts = [
      ['encoder', 'bert.'],
      ['answer head', 'answer_head.'],
    ] as const;
    return parts.filter(([, prefix]) => this.#isAsDrawn(prefix)).map(([part]) => part);
  }

  #isAsDrawn(prefix: string): boolean {
    const biases = this.#names((name) => name.startsWith(prefix) && name.endsWith('.bias'));
    const norms = this.#names((name) => name.startsWith(prefix) && isNormWeight(name));
    const isAll = (names: readonly string[], value: number): boolean =>
      names.length > 0 &&
      names.every((name) => {
        const { min, max } = this.#ranges.get(name) as ValueRange;
        return min === value && max === value;
      });
    return isAll(biases, 0) && isAll(norms, 1);
  }

  #names(holds: (name: string, range: ValueRange) => boolean): string[] {
    return [...this.#ranges].filter(([name, range]) => holds(name, range)).map(([name]) => name);
  }
}

function isNormWeight(name: string): boolean {
  return /(LayerNorm|layer_norm|logit_fc\.2)\.weight$/.test(name);
}

function isLayerWeight(name: string): boolean {
  return name.endsWith('.weight') && !isNormWeight(name);
}

/** The values of a file's floating-point tensors; names as in the file. */
export interface ValueSummary {
  /** Over all tensors whose values are numbers; null when there is none. */
  readonly min: number | null;
  readonly max: number | null;
  /** Tensors with a value that is NaN or infinite. */
  readonly notFinite: readonly string[];
  /** Weights of layers in which every value is the same. */
  readonly constant: readonly string[];
  readonly untrained: readonly string[];
}

/** Reads every value of a file once, a tensor at a time. */
export function summarizeValues(checkpoint: CheckpointFile): ValueSummary {
  const values = new ValueCheck();
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [name, entry] of checkpoint.entries) {
    if (!standsForNumbers(entry)) continue;
    const range = scope(() => valueRange(checkpoint.tensor(name)));
    values.add(name, range);
    if (!Number.isFinite(range.min) || !Number.isFinite(range.max)) continue;
    min = Math.min(min, range.min);
    max = Math.max(max, range.max);
  }
  requireMappedFiles();
  const inFile = (names: readonly string[]): string[] =>
    names.map((name) => checkpoint.entries.get(name)?.name ?? name);
  return {
    min: Number.isFinite(min) ? min : null,
    max: Number.isFinite(max) ? max : null,
    notFinite: inFile(values.notFinite),
    constant: inFile(values.constant),
    untrained: values.untrained,
  };
}
