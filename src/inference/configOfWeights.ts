/** @file The configuration of a model that is loaded: sizes from its weights, the rest from its run. */

import { type CheckpointFile, guessedAttentionHeads, modelSizes } from '../checkpoint/index.js';
import { LxmertError } from '../common/errors.js';
import { type LxmertConfig, lxmertConfig } from '../model/index.js';
import { Vocabulary } from '../text/index.js';

export interface WeightsSource {
  readonly checkpoint: CheckpointFile;
  readonly weightsFile: string;
  readonly vocabularyFile: string;
  /** What config.json of the run says, where there is one. */
  readonly runConfig: Partial<LxmertConfig> | undefined;
  /** Given by the user; a weights file does not tell. */
  readonly numAttentionHeads: number | undefined;
}

/** @throws LxmertError when the vocabulary is not the one that the model was trained with */
export async function configOfWeights(
  source: WeightsSource,
): Promise<{ readonly config: LxmertConfig; readonly vocabulary: Vocabulary }> {
  const { checkpoint, weightsFile, vocabularyFile, runConfig } = source;
  const vocabulary = await Vocabulary.load(vocabularyFile);
  const sizes = modelSizes(checkpoint);
  const numAttentionHeads =
    source.numAttentionHeads ??
    runConfig?.numAttentionHeads ??
    guessedAttentionHeads(sizes.hiddenSize, weightsFile);
  const config = lxmertConfig({ ...runConfig, ...sizes, numAttentionHeads });
  if (vocabulary.size !== config.vocabSize) {
    throw new LxmertError(
      `${vocabularyFile} has ${vocabulary.size} entries, but the model's word embeddings have ${config.vocabSize} rows. Name the vocabulary that the model was trained with.`,
    );
  }
  return { config, vocabulary };
}
