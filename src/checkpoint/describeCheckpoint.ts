/** @file What a checkpoint is, for a person: `lxmert checkpoint info`. */

import type { CheckpointFile } from './checkpointFile.js';
import { type ModelKind, type ModelSizes, modelKind, modelSizes, numAnswersOf } from './modelSizes.js';
import { elementSize, type StorageRegion } from './tensorEntry.js';

export interface CheckpointDescription {
  readonly file: string;
  readonly numBytes: number;
  readonly format: 'pth-legacy' | 'pth-zip' | 'safetensors';
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
  /** Programs that load the file as it is. */
  readonly loadedBy: readonly string[];
}

/** @throws CheckpointError when the file is not LXMERT's */
export function describeCheckpoint(checkpoint: CheckpointFile): CheckpointDescription {
  const storages = new Set<StorageRegion>();
  const dtypes: Record<string, number> = {};
  let numStoredValues = 0;
  for (const entry of checkpoint.entries.values()) {
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
  return {
    file: checkpoint.path,
    numBytes: checkpoint.numBytes,
    format: checkpoint.format,
    names: checkpoint.family,
    isFromSeveralGpus: checkpoint.isFromSeveralGpus,
    kind: modelKind(checkpoint),
    numTensors: checkpoint.entries.size,
    numStoredValues,
    numUniqueValues,
    numTensorBytes,
    dtypes,
    sizes: modelSizes(checkpoint),
    numAnswers: numAnswersOf(checkpoint),
    loadedBy: loadedBy(checkpoint),
  };
}

function loadedBy({ family, format }: CheckpointFile): string[] {
  const others = {
    'reference-pretraining': format === 'safetensors' ? [] : ['the reference (--loadLXMERT, --loadLXMERTQA)'],
    'reference-finetuned': format === 'safetensors' ? [] : ['the reference (--load)'],
    huggingface: ['Hugging Face transformers'],
  } as const;
  return ['this program', ...others[family]];
}

const FORMATS = {
  'pth-legacy': '.pth, the older layout of torch',
  'pth-zip': '.pth, the zip layout of torch',
  safetensors: 'safetensors',
} as const;

export function renderDescription(description: CheckpointDescription): string {
  const { sizes } = description;
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M`;
  const answers = description.numAnswers === undefined ? '' : `, ${description.numAnswers} answers`;
  const dtypes = Object.entries(description.dtypes).map(([dtype, count]) => `${dtype} (${count})`);
  const rows: [string, string][] = [
    ['File', `${description.file}, ${megabytes(description.numBytes)}`],
    ['Format', FORMATS[description.format]],
    [
      'Names',
      `${description.names}${description.isFromSeveralGpus ? ', written by a run on several GPUs' : ''}`,
    ],
    ['Model', `${description.kind}${answers}`],
    [
      'Layers',
      `${sizes.numLanguageLayers} language, ${sizes.numVisionLayers} vision, ${sizes.numCrossLayers} cross-modality; hidden ${sizes.hiddenSize}, feed-forward ${sizes.intermediateSize}`,
    ],
    ['Inputs', `${sizes.vocabSize} word pieces, ${sizes.visualFeatureSize} values a region`],
    ['Tensors', `${description.numTensors}: ${dtypes.join(', ')}; ${megabytes(description.numTensorBytes)}`],
    [
      'Parameters',
      `${millions(description.numStoredValues)} stored, ${millions(description.numUniqueValues)} unique`,
    ],
    ['Loaded by', description.loadedBy.join('; ')],
  ];
  return rows.map(([label, value]) => `${label.padEnd(12)}${value}`).join('\n');
}
