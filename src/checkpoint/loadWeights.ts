/** @file Putting a checkpoint's tensors into a model, with an account of every one. */

import { noGrad, requireMappedFiles, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { requireLxmert } from './architecture.js';
import { CheckpointError } from './checkpointError.js';
import type { CheckpointFile } from './checkpointFile.js';
import { adapterNames } from './otherWeights.js';
import { standsForNumbers, type TensorEntry } from './tensorEntry.js';
import { ValueCheck, valueRange } from './valueRange.js';

/** A tensor whose shape in the file is not the model's. */
export interface ReshapedTensor {
  readonly name: string;
  readonly inFile: readonly number[];
  readonly inModel: readonly number[];
}

/** What became of every tensor, by canonical name. */
export interface LoadReport {
  readonly file: string;
  readonly loaded: readonly string[];
  /** In the model, not in the file. */
  readonly missing: readonly string[];
  /** In the file, not in the model. */
  readonly unexpected: readonly string[];
  readonly reshaped: readonly ReshapedTensor[];
  /** What is unusual about the values, as sentences for a person. */
  readonly notes: readonly string[];
}

export interface LoadOptions {
  /** Load only these; the others are neither loaded nor reported. */
  readonly only?: (name: string) => boolean;
  /**
   * `encoder`: stop unless every encoder tensor is loaded. `all`: also the heads. `bert`: the part of the encoder that
   * a BERT has.
   */
  readonly require: 'encoder' | 'all' | 'bert';
  /** Told of each parameter when its values are there and are numbers. */
  readonly onLoaded?: (name: string) => void;
}

/**
 * Copies tensors into the model's parameters one at a time, so that the extra memory is that of the largest.
 *
 * @throws CheckpointError when what `require` asks for is not whole; then no parameter was changed
 */
export function loadWeights(
  checkpoint: CheckpointFile,
  parameters: ReadonlyMap<string, Tensor>,
  { only = () => true, require, onLoaded }: LoadOptions,
): LoadReport {
  const loaded: string[] = [];
  const missing: string[] = [];
  const reshaped: ReshapedTensor[] = [];
  for (const [name, parameter] of parameters) {
    if (!only(name)) continue;
    const entry = checkpoint.entries.get(name);
    if (entry === undefined) missing.push(name);
    else if (entry.shape.join() !== parameter.shape.join()) {
      reshaped.push({ name, inFile: entry.shape, inModel: parameter.shape });
    } else loaded.push(name);
  }
  const unexpected = [...checkpoint.entries.keys()].filter((name) => only(name) && !parameters.has(name));
  const report = { file: checkpoint.path, loaded, missing, unexpected, reshaped, notes: [] };
  requireWhole(checkpoint, report, require);
  requireNumbers(checkpoint, loaded);
  refuseVariants(checkpoint, report, parameters);
  const values = new ValueCheck();
  for (const name of loaded) {
    const parameter = parameters.get(name) as Tensor;
    scope(() => noGrad(() => ops.copy_(parameter, checkpoint.tensor(name))));
    // Right after it was copied, while it is in the processor's cache.
    const range = valueRange(parameter);
    values.add(name, range);
    if (Number.isFinite(range.min) && Number.isFinite(range.max)) onLoaded?.(name);
  }
  requireMappedFiles();
  requireSound(checkpoint, values);
  return { ...report, notes: notesOn(checkpoint, values) };
}

/** @throws CheckpointError for numbers that stand for others, as quantised weights do */
function requireNumbers(checkpoint: CheckpointFile, names: readonly string[]): void {
  const entries = names.map((name) => checkpoint.entries.get(name) as TensorEntry);
  const odd = entries.filter((entry) => !standsForNumbers(entry));
  const [first] = odd;
  if (first === undefined) return;
  throw new CheckpointError(
    checkpoint.path,
    `${odd.length} of its tensors are whole numbers, such as ${first.name} (${first.dtype}): weights that were quantised, whose scales are not known here. Save the model in float32, float16 or bfloat16.`,
  );
}

/** @throws CheckpointError for tensors of the encoder that the model does not have: computed without them, it answers otherwise */
function refuseVariants(
  checkpoint: CheckpointFile,
  { unexpected }: Pick<LoadReport, 'unexpected'>,
  parameters: ReadonlyMap<string, Tensor>,
): void {
  const own = new Set([...parameters.keys()].map(partOf));
  const variant = unexpected.filter(
    (name) => name.startsWith('bert.') && own.has(partOf(name)) && !/(_ids|num_batches_tracked)$/.test(name),
  );
  const [first] = variant;
  if (first === undefined) return;
  const entry = checkpoint.entries.get(first);
  const what =
    adapterNames(variant).length > 0
      ? 'adapters that were not merged. Merge them into the model (peft: merge_and_unload) and save the whole'
      : 'a variant of LXMERT, which would answer otherwise without them';
  throw new CheckpointError(
    checkpoint.path,
    `its encoder has ${variant.length} tensors that LXMERT has not, such as ${entry?.name} (${entry?.shape.join(' x ')}): ${what}.`,
  );
}

/** The layer that a tensor is in, or the part of the encoder outside of layers. */
function partOf(name: string): string {
  return /^bert\.encoder\.\w+\.\d+\./.exec(name)?.[0] ?? name.split('.').slice(0, 3).join('.');
}

/** @throws CheckpointError for values that no trained model has */
function requireSound({ path: file, entries }: CheckpointFile, values: ValueCheck): void {
  const nameOf = (name: string | undefined): string => entries.get(name ?? '')?.name ?? '';
  const { notFinite } = values;
  if (notFinite.length > 0) {
    throw new CheckpointError(
      file,
      `${notFinite.length} of its tensors hold values that are no numbers (NaN) or infinite, such as ${nameOf(notFinite[0])}: the training that wrote it had failed. Take weights from before that.`,
    );
  }
  const constant = values.constant.filter((name) => name.startsWith('bert.'));
  if (constant.length > 0) {
    throw new CheckpointError(
      file,
      `${constant.length} of its tensors hold one and the same value throughout, such as ${nameOf(constant[0])}: they were never filled. Save the model again, or copy the file again.`,
    );
  }
}

function notesOn({ path: file }: CheckpointFile, values: ValueCheck): string[] {
  const isEmpty = values.constant.includes('answer_head.logit_fc.3.weight');
  return [
    ...values.untrained.map(
      (part) =>
        `${file}: its ${part} was never trained: all biases are 0 and all norms 1, as they are drawn. What it gives is chance.`,
    ),
    ...(isEmpty ? [`${file}: the rows of its answer head are all alike, so it prefers no answer.`] : []),
  ];
}

function requireWhole(checkpoint: CheckpointFile, report: LoadReport, require: LoadOptions['require']): void {
  const { file, missing, reshaped, loaded } = report;
  const isRequired = REQUIRED[require];
  const absent = missing.filter(isRequired);
  if (absent.length > 0) {
    if (require !== 'bert') requireLxmert(file, [...checkpoint.entries.keys()]);
    const what = { all: 'model', encoder: 'encoder', bert: 'language part of a BERT' }[require];
    const present = loaded.filter(isRequired).length;
    const adapters = adapterNames(checkpoint.entries.keys());
    if (adapters.length > 0) {
      throw new CheckpointError(
        file,
        `its weights lie in adapters that were not merged (${adapters.length} tensors, such as ${adapters[0]}). Merge them into the model (peft: merge_and_unload) and save the whole.`,
      );
    }
    throw new CheckpointError(
      file,
      `expected the whole ${what}, but the file has ${present} of its tensors; missing are ${listed(absent)}. Check the numbers of layers, or name another file.`,
    );
  }
  const first = reshaped.find(({ name }) => isRequired(name));
  if (first !== undefined) {
    throw new CheckpointError(
      file,
      `the tensor ${first.name} has the shape (${first.inFile.join(', ')}) in the file, but this model needs (${first.inModel.join(', ')}). ${
        isTransposed(first)
          ? "It is transposed, as TensorFlow's and Flax's layers are: save the weights of layers as (outputs, inputs), as PyTorch does."
          : 'The file is of a model of other sizes.'
      }`,
    );
  }
}

function isTransposed({ inFile, inModel }: ReshapedTensor): boolean {
  return inFile.length === 2 && inFile[0] === inModel[1] && inFile[1] === inModel[0];
}

/** Tensors without which a model answers nonsense without an error. */
const REQUIRED: Readonly<Record<LoadOptions['require'], (name: string) => boolean>> = {
  all: () => true,
  encoder: (name) => name.startsWith('bert.'),
  bert: (name) => name.startsWith('bert.embeddings.') || name.startsWith('bert.encoder.layer.'),
};

/** The first few of a list of names, and how many more there are. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length <= 3 ? shown : `${shown} and ${names.length - 3} more`;
}

/** The report as a few lines for a person. */
export function renderLoadReport(report: LoadReport): string {
  const lines = [`Loaded ${report.loaded.length} tensors from ${report.file}.`];
  if (report.missing.length > 0) lines.push(`Not in the file, so freshly drawn: ${listed(report.missing)}.`);
  if (report.unexpected.length > 0) lines.push(`In the file, not used: ${listed(report.unexpected)}.`);
  for (const { name, inFile, inModel } of report.reshaped) {
    lines.push(
      `Not loaded, the shapes differ: ${name} is (${inFile.join(', ')}), the model has (${inModel.join(', ')}).`,
    );
  }
  return [...lines, ...report.notes].join('\n');
}
