/** @file The configuration of a model that is loaded: sizes from its weights, the rest from the config.json beside them. */

import { type CheckpointFile, modelSettings, readingNotes } from '../checkpoint/index.js';
import { LxmertError } from '../common/errors.js';
import { type LxmertConfig, lxmertConfig } from '../model/index.js';
import type { Vocabulary } from '../text/index.js';
import { loadVocabulary } from '../text/vocabularyFile.js';

export interface WeightsSource {
  readonly checkpoint: CheckpointFile;
  readonly vocabularyFile: string;
  /** Given by the user; a weights file does not tell. */
  readonly numAttentionHeads: number | undefined;
  /** Given by the user in place of the one beside the weights. */
  readonly modelConfig: string | undefined;
}

export interface ConfigOfWeights {
  readonly config: LxmertConfig;
  readonly vocabulary: Vocabulary;
  /** What a person should know of how the file was read. */
  readonly notes: readonly string[];
}

/** @throws LxmertError when the vocabulary is not the one that the model was trained with, and as `modelSettings` */
export async function configOfWeights(source: WeightsSource): Promise<ConfigOfWeights> {
  const { checkpoint, vocabularyFile, numAttentionHeads, modelConfig: configFile } = source;
  const vocabulary = await loadVocabulary(vocabularyFile);
  const settings = await modelSettings(checkpoint, { numAttentionHeads, configFile });
  const config = lxmertConfig(settings.config);
  if (vocabulary.size !== config.vocabSize) {
    throw new LxmertError(
      `${vocabularyFile} has ${vocabulary.size} entries, but the model's word embeddings have ${config.vocabSize} rows. Name the vocabulary that the model was trained with.`,
    );
  }
  return { config, vocabulary, notes: [...readingNotes(checkpoint), ...settings.notes] };
}
