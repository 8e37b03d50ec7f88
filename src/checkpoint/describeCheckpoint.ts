/** @file What a checkpoint is, for a person: `lxmert checkpoint info`. */

import { formatMegabytes, formatMillions } from '../formats/numbers.js';
import type { ModelSizes } from './architecture.js';
import type { CheckpointFile } from './checkpointFile.js';
import { huggingFaceClass } from './huggingFaceConfig.js';
import type { HeadsSource, ModelSettings } from './modelSettings.js';
import {
  type ModelKind,
  missingEncoderTensors,
  modelKind,
  modelSizes,
  numAnswersOf,
  usualAttentionHeads,
} from './modelSizes.js';
import type { OtherWeights } from './names/chooseModel.js';
import { type HeadPrefixes, isKnownPart } from './names/tensorNames.js';
import type { CheckpointFormat } from './read/parsed.js';
import { distinctViews, elementSize, type StorageRegion, type TensorEntry } from './tensorEntry.js';
import type { ValueSummary } from './valueRange.js';

export interface CheckpointDescription {
  readonly file: string;
  readonly numBytes: number;
  readonly format: CheckpointFormat;
  readonly names: string;
  readonly isFromSeveralGpus: boolean;
  readonly kind: ModelKind;
  readonly numTensors: number;
  /** Values counted under every name. */
  readonly numStoredValues: number;
  /** Values counted once where names share a storage (tied weights). */
  readonly numUniqueValues: number;
  /** Bytes of the storages. */
  readonly numTensorBytes: number;
  /** Number of tensors of each element type. */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly sizes: ModelSizes;
  readonly numAnswers: number | undefined;
  /** Heads of tasks besides those of the published models, by the beginning of their names. */
  readonly taskHeads: readonly string[];
  /** Names that stand for one and the same tensor, by their names in the file. */
  readonly tied: readonly (readonly string[])[];
  /** Encoder tensors that are absent or of a shape that the others contradict, by canonical name. */
  readonly missing: readonly string[];
  /** Tensors that are no part of LXMERT. */
  readonly others: readonly string[];
  /** Keys that lead to the weights, when the file holds more than them. */
  readonly wrapper: readonly string[];
  /** What stands before the model's own names in the file; empty for names as published. */
  readonly prefix: string;
  /** Further dictionaries and models in the file, which are not used. */
  readonly alsoHolds: readonly OtherWeights[];
  /** Attention heads and what says so; absent when it was not asked. */
  readonly settings?: {
    readonly numAttentionHeads: number;
    readonly from: HeadsSource;
    readonly config: string | null;
  };
  /** Why a config.json beside the weights, or the weights without one, cannot be used. */
  readonly configFault?: string;
  /** Of the values; absent when they were not read. */
  readonly values?: ValueSummary;
  /** Programs that load the file as it is, and how. Empty when the encoder is not whole. */
  readonly loadedBy: readonly string[];
}

/** What is not in the descriptions of tensors. */
export interface ReadFacts {
  readonly settings?: ModelSettings | undefined;
  readonly configFault?: string | undefined;
  readonly values?: ValueSummary | undefined;
}

/**
 * @param heads of tasks, that the published code does not have
 * @throws CheckpointError when the file is not LXMERT's
 */
export function describeCheckpoint(
  checkpoint: CheckpointFile,
  heads: HeadPrefixes = [],
  { settings, configFault, values }: ReadFacts = {},
): CheckpointDescription {
  const { dtypes, numStoredValues, numUniqueValues, numTensorBytes } = countTensors(checkpoint);
  const missing = missingEncoderTensors(checkpoint);
  return {
    file: checkpoint.path,
    numBytes: checkpoint.numBytes,
    format: checkpoint.format,
    names: checkpoint.family,
    isFromSeveralGpus: checkpoint.isFromSeveralGpus,
    kind: modelKind(checkpoint),
    numTensors: ownEntries(checkpoint).length,
    numStoredValues,
    numUniqueValues,
    numTensorBytes,
    dtypes,
    sizes: modelSizes(checkpoint),
    numAnswers: numAnswersOf(checkpoint),
    taskHeads: heads.filter(
      (head) =>
        !isKnownPart(`${head}.`) &&
        [...checkpoint.entries.keys()].some((name) => name.startsWith(`${head}.`)),
    ),
    tied: tiedNames(checkpoint),
    missing,
    others: [...checkpoint.entries]
      .filter(([name]) => !isKnownPart(name, heads))
      .map(([, entry]) => entry.name),
    wrapper: checkpoint.parsed.wrapper,
    prefix: checkpoint.model.encoder?.outer ?? '',
    alsoHolds: checkpoint.model.others,
    ...(settings === undefined
      ? {}
      : {
          settings: {
            numAttentionHeads: settings.config.numAttentionHeads,
            from: settings.headsFrom,
            config: settings.stated?.file ?? null,
          },
        }),
    ...(configFault === undefined ? {} : { configFault }),
    ...(values === undefined ? {} : { values }),
    loadedBy: missing.length > 0 ? [] : loadedBy(checkpoint),
  };
}

/** Counts over all tensors of a file, whatever they are of. */
export function countTensors(
  checkpoint: CheckpointFile,
): Pick<CheckpointDescription, 'dtypes' | 'numStoredValues' | 'numUniqueValues' | 'numTensorBytes'> {
  const storages = new Set<StorageRegion>();
  const dtypes: Record<string, number> = {};
  let numStoredValues = 0;
  for (const entry of ownEntries(checkpoint)) {
    storages.add(entry.storage);
    dtypes[entry.dtype] = (dtypes[entry.dtype] ?? 0) + 1;
    numStoredValues += entry.numElements;
  }
  let numUniqueValues = 0;
  let numTensorBytes = 0;
  for (const storage of storages) {
    numUniqueValues += storage.numElements;
    numTensorBytes += storage.numElements * elementSize(storage.dtype);
  }
  return { dtypes, numStoredValues, numUniqueValues, numTensorBytes };
}

/** The entries of the file without those of other models in its dictionary. */
function ownEntries({ parsed, model }: CheckpointFile): TensorEntry[] {
  return parsed.entries.filter(({ name }) => !model.foreign.has(name));
}

function tiedNames(checkpoint: CheckpointFile): string[][] {
  const identityOf = distinctViews();
  const names = new Map<TensorEntry, string[]>();
  for (const entry of ownEntries(checkpoint)) {
    const first = identityOf(entry);
    const known = names.get(first);
    if (known === undefined) names.set(first, [entry.name]);
    else known.push(entry.name);
  }
  return [...names]
    .filter(([first, each]) => each.length > 1 && first.numElements > 0)
    .map(([, each]) => each);
}

function loadedBy(checkpoint: CheckpointFile): string[] {
  const { family, format, parsed } = checkpoint;
  const kind = modelKind(checkpoint);
  const own = {
    'pre-training': 'lxmert finetune vqa --load-encoder',
    encoder: 'lxmert finetune vqa --load-encoder',
    VQA: 'lxmert answer, evaluate vqa, predict vqa, finetune vqa --load',
    GQA: 'lxmert answer, evaluate vqa, predict vqa, finetune vqa --load',
    answers: 'lxmert answer, evaluate vqa, predict vqa, finetune vqa --load',
    NLVR2: 'lxmert finetune vqa --load-encoder',
  }[kind];
  // Neither of the others looks inside a wrapper, or takes names off.
  if (parsed.wrapper.length > 0 || checkpoint.model.encoder?.outer !== '') return [own];
  if (family === 'huggingface') {
    const note = kind === 'NLVR2' ? ' (it has no class for the pair head)' : '';
    return [
      own,
      `Hugging Face transformers: ${huggingFaceClass(checkpoint)}${note}, with a config.json beside it`,
    ];
  }
  if (format === 'safetensors') return [own];
  if (family === 'reference-finetuned') return [own, 'the reference: --load'];
  const hasAnswers = numAnswersOf(checkpoint) !== undefined;
  return [own, `the reference: --loadLXMERT${hasAnswers ? ', --loadLXMERTQA' : ''}`];
}

/** Each layout in a person's words. */
export const FORMATS: Readonly<Record<CheckpointFormat, string>> = {
  'pth-legacy': '.pth, the older layout of torch',
  'pth-zip': '.pth, the zip layout of torch',
  safetensors: 'safetensors',
  'numpy-pickle': '.pkl, a Python pickle of NumPy arrays',
  caffemodel: ".caffemodel, Caffe's protobuf",
};

/** A row for each fact. */
export function renderDescription(description: CheckpointDescription): string {
  const { sizes } = description;
  const answers = description.numAnswers === undefined ? '' : `, ${description.numAnswers} answers`;
  const dtypes = Object.entries(description.dtypes).map(([dtype, count]) => `${dtype} (${count})`);
  const rows: [string, string][] = [
    ['File', `${description.file}, ${formatMegabytes(description.numBytes)}`],
    ['Format', FORMATS[description.format]],
    [
      'Names',
      `${description.names}${description.prefix === '' ? '' : `, behind '${description.prefix}'`}${description.isFromSeveralGpus ? ', written by a run on several GPUs' : ''}`,
    ],
    ['Model', `${description.kind}${answers}`],
    [
      'Layers',
      `${sizes.numLanguageLayers} language, ${sizes.numVisionLayers} vision, ${sizes.numCrossLayers} cross-modality; hidden ${sizes.hiddenSize}, feed-forward ${sizes.intermediateSize}`,
    ],
    ['Heads', headsRow(description)],
    ...(description.configFault === undefined
      ? []
      : [['Config', description.configFault] as [string, string]]),
    ...listRow('Task heads', description.taskHeads),
    ['Inputs', `${sizes.vocabSize} word pieces, ${sizes.visualFeatureSize} values a region`],
    [
      'Tensors',
      `${description.numTensors}: ${dtypes.join(', ')}; ${formatMegabytes(description.numTensorBytes)}`,
    ],
    [
      'Parameters',
      `${formatMillions(description.numStoredValues)} stored, ${formatMillions(description.numUniqueValues)} unique`,
    ],
    ...description.tied.map((names): [string, string] => ['Tied', names.join(' = ')]),
    ...listRow('Missing', description.missing),
    ...listRow('Not LXMERT', description.others),
    ...listRow('Found under', description.wrapper),
    ...listRow(
      'Also holds',
      description.alsoHolds.map(({ key, numTensors }) => `${key || 'the top'} (${numTensors} tensors)`),
    ),
    ...(description.values === undefined ? [] : valueRows(description.values)),
    ['Loaded by', description.loadedBy.join('\n            ') || 'nothing: its encoder is not whole'],
  ];
  return rows.map(([label, value]) => `${label.padEnd(12)}${value}`).join('\n');
}

function headsRow({ settings, sizes }: CheckpointDescription): string {
  if (settings === undefined) return guessedHeads(sizes.hiddenSize);
  const { numAttentionHeads: count, from, config } = settings;
  switch (from) {
    case 'given':
      return `${count}, as given`;
    case 'config':
      return `${count}, as ${config} says`;
    case 'published sizes':
      return `${count}, as every published model of this size has`;
    case 'assumed':
      return `${count} assumed, of 64 values each: nothing tells (--attention-heads, or a config.json beside the weights)`;
  }
}

function valueRows({ min, max, notFinite, constant, untrained }: ValueSummary): [string, string][] {
  const range = min === null || max === null ? 'none that is a number' : `${short(min)} to ${short(max)}`;
  return [
    ['Values', range],
    ...listRow('Not finite', notFinite),
    ...listRow('All alike', constant),
    ...listRow('Untrained', untrained),
  ];
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Shapes do not tell the number of attention heads; all published models have heads of 64 values. */
function guessedHeads(hiddenSize: number): string {
  const usual = usualAttentionHeads(hiddenSize);
  return `not told by shapes${usual === undefined ? '' : `; ${usual} if of 64 values each, as published`}`;
}

/** A row of names, of which the first few are shown; no row for none. */
function listRow(label: string, names: readonly string[]): [string, string][] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 3).join(', ');
  return [[label, names.length <= 3 ? shown : `${shown} and ${names.length - 3} more`]];
}
