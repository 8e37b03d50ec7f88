/** @file Putting a checkpoint's tensors into a model, with an account of every one. */

import { noGrad, requireMappedFiles, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { requireLxmert } from './architecture.js';
import { CheckpointError } from './checkpointError.js';
import type { CheckpointFile } from './checkpointFile.js';

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
}

export interface LoadOptions {
  /** Load only these; the others are neither loaded nor reported. */
  readonly only?: (name: string) => boolean;
  /**
   * `encoder`: stop unless every encoder tensor is loaded. `all`: also the heads. `bert`: the part of the encoder that
   * a BERT has.
   */
  readonly require: 'encoder' | 'all' | 'bert';
}

/**
 * Copies tensors into the model's parameters one at a time, so that the extra memory is that of the largest.
 *
 * @throws CheckpointError when what `require` asks for is not whole; then no parameter was changed
 */
export function loadWeights(
  checkpoint: CheckpointFile,
  parameters: ReadonlyMap<string, Tensor>,
  { only = () => true, require }: LoadOptions,
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
  const report = { file: checkpoint.path, loaded, missing, unexpected, reshaped };
  requireWhole(checkpoint, report, require);
  for (const name of loaded) {
    scope(() => noGrad(() => ops.copy_(parameters.get(name) as Tensor, checkpoint.tensor(name))));
  }
  requireMappedFiles();
  return report;
}

function requireWhole(checkpoint: CheckpointFile, report: LoadReport, require: LoadOptions['require']): void {
  const { file, missing, reshaped, loaded } = report;
  const isRequired = REQUIRED[require];
  const absent = missing.filter(isRequired);
  if (absent.length > 0) {
    if (require !== 'bert') requireLxmert(file, [...checkpoint.entries.keys()]);
    const what = { all: 'model', encoder: 'encoder', bert: 'language part of a BERT' }[require];
    const present = loaded.filter(isRequired).length;
    throw new CheckpointError(
      file,
      `expected the whole ${what}, but the file has ${present} of its tensors; missing are ${listed(absent)}. Check the numbers of layers, or name another file.`,
    );
  }
  const first = reshaped.find(({ name }) => isRequired(name));
  if (first !== undefined) {
    throw new CheckpointError(
      file,
      `the tensor ${first.name} has the shape (${first.inFile.join(', ')}) in the file, but this model needs (${first.inModel.join(', ')}). The file is of a model of other sizes.`,
    );
  }
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
  return lines.join('\n');
}
