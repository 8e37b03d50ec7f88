/** @file From aggregated files to a corpus. */

import { LxmertError } from '../../common/errors.js';
import { streamAnnotatedImages } from '../annotations/pretrainingAnnotations.js';
import type { AnswerTable } from '../answerTable.js';
import { cleanAnswers } from './cleanAnswers.js';
import { CorpusBuilder, type PretrainingCorpus } from './corpus.js';

export interface ReadCorpusOptions {
  /** Aggregated files, such as mscoco_train.json and vgnococo.json. */
  readonly files: readonly string[];
  /** Whether the features of an image are at hand; sentences of others are left out, as in the reference. */
  readonly hasImage: (imageId: string) => boolean;
  /** Undefined: without question answering. The questions are then sentences like others. */
  readonly answerTable: AnswerTable | undefined;
}

export interface ReadCorpus {
  readonly corpus: PretrainingCorpus;
  /** Images of the files without features here. */
  readonly numWithoutFeatures: number;
}

/** @throws LxmertError when no sentence is left */
export async function readCorpus({ files, hasImage, answerTable }: ReadCorpusOptions): Promise<ReadCorpus> {
  const builder = new CorpusBuilder();
  let numWithoutFeatures = 0;
  let firstWithout: string | undefined;
  for (const file of files) {
    for await (const { imageId, sources } of streamAnnotatedImages(file)) {
      if (!hasImage(imageId)) {
        numWithoutFeatures++;
        firstWithout ??= imageId;
        continue;
      }
      for (const { source, sentences, labels } of sources) {
        for (const [i, sentence] of sentences.entries()) {
          const label = answerTable && labels?.[i];
          builder.add(imageId, source, sentence, label && cleanAnswers(label, answerTable));
        }
      }
    }
  }
  const corpus = builder.finish();
  if (corpus.size === 0) {
    throw new LxmertError(
      firstWithout === undefined
        ? `There is no sentence in ${files.join(', ')}.`
        : `None of the ${numWithoutFeatures} images of ${files.join(', ')} has features here; the first is '${firstWithout}'. Check that --features names the features of these images.`,
    );
  }
  return { corpus, numWithoutFeatures };
}
