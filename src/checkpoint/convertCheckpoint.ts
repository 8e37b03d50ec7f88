/** @file From one family's names and one layout to another's. */

import { UsageError } from '../common/errors.js';
import { CheckpointError } from './checkpointError.js';
import { CheckpointFile } from './checkpointFile.js';
import { settingsForConfig, type WrittenConfig, writeHuggingFaceConfig } from './huggingFaceConfig.js';
import { missingEncoderTensors } from './modelSizes.js';
import {
  type HeadPrefixes,
  isKnownPart,
  type NamingFamily,
  nameIn,
  referenceFamily,
} from './names/tensorNames.js';
import { readingNotes } from './readingNotes.js';
import { isRounded, ROUNDED_NOTE } from './roundedWeights.js';
import { distinctViews } from './tensorEntry.js';
import { layoutOf, writeByEnding } from './write/saveCheckpoint.js';
import { roundedFromEntry, writableFromEntry } from './write/writableTensor.js';

export interface ConvertedCheckpoint {
  readonly output: string;
  readonly numTensors: number;
  readonly names: NamingFamily;
  /** Tensors of the input that are no part of LXMERT, by their names there; they are not in the output. */
  readonly leftOut: readonly string[];
  /** What a person should know of how the input was read, as sentences. */
  readonly notes: readonly string[];
  /** What became of the config.json that Hugging Face's loader wants; absent for the reference's names. */
  readonly config?: WrittenConfig;
}

export interface CheckpointConvertOptions {
  readonly to: 'reference' | 'huggingface';
  /** For config.json, since shapes do not tell it. Without it: what a config.json beside the input says, else heads of 64 values. */
  readonly numAttentionHeads?: number | undefined;
  /** A config.json in place of the one beside the input. */
  readonly configFile?: string | undefined;
  /** Heads of tasks that the published code does not have; without them their tensors are left out. */
  readonly heads?: HeadPrefixes | undefined;
  /**
   * `int8`: the matrices of dense layers and the word embeddings in 8 bits with a scale for each output, a quarter of the
   * size, as safetensors. Default: element types stay as they are; those of 8 bits become the float32 they stand for.
   */
  readonly precision?: 'int8' | undefined;
}

/**
 * Writes the tensors of `input` under the names of the reference or of Hugging Face; the ending of `output` chooses
 * the layout. Values and element types stay as they are unless `precision` says otherwise. Tensors go from file to file in
 * pieces, so memory stays small whatever the model's size, and tied ones stay tied where the layout can say so. For Hugging
 * Face, config.json goes beside the weights unless there is one.
 *
 * @throws CheckpointError when the input is not a whole LXMERT encoder, with or without heads
 * @throws UsageError for an output whose ending names no layout, or one that has no place for weights in 8 bits
 */
export async function convertCheckpoint(
  input: string,
  output: string,
  { to, heads = [], precision, ...given }: CheckpointConvertOptions,
): Promise<ConvertedCheckpoint> {
  if (layoutOf(output) !== 'safetensors' && precision === 'int8') {
    throw new UsageError(
      `Weights in 8 bits are written as safetensors only, but '${output}' asks for torch's layout. Let it end in .safetensors.`,
    );
  }
  const checkpoint = await CheckpointFile.open(input);
  requireWholeEncoder(checkpoint);
  const settings = to === 'huggingface' ? await settingsForConfig(checkpoint, output, given) : undefined;
  const known = [...checkpoint.entries].filter(([canonical]) => isKnownPart(canonical, heads));
  const leftOut = [...checkpoint.entries].filter(([canonical]) => !isKnownPart(canonical, heads));
  const canonicalNames = known.map(([canonical]) => canonical);
  const names = to === 'huggingface' ? 'huggingface' : referenceFamily(canonicalNames, heads);
  const identityOf = distinctViews();
  const tensors = known.flatMap(([canonical, entry]) => {
    const name = nameIn(names, canonical, heads);
    return precision === 'int8' && isRounded(canonical, entry.shape)
      ? roundedFromEntry(name, checkpoint, canonical, entry)
      : [writableFromEntry(name, checkpoint, canonical, entry, identityOf(entry))];
  });
  await writeByEnding(
    output,
    tensors,
    precision === 'int8' ? { [ROUNDED_NOTE.key]: ROUNDED_NOTE.value } : {},
  );
  return {
    output,
    numTensors: tensors.length,
    names,
    leftOut: leftOut.map(([, entry]) => entry.name),
    notes: [...readingNotes(checkpoint), ...(settings?.notes ?? [])],
    ...(to === 'huggingface'
      ? { config: await writeHuggingFaceConfig(checkpoint, output, settings?.config) }
      : {}),
  };
}

function requireWholeEncoder(checkpoint: CheckpointFile): void {
  const missing = missingEncoderTensors(checkpoint);
  if (missing.length === 0) return;
  throw new CheckpointError(
    checkpoint.path,
    `the encoder is not whole: ${missing.length} of its tensors are missing or of another shape, such as ${missing[0]}. Converting it would hide that.`,
  );
}
