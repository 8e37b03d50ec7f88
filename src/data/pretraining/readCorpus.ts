/** @file From aggregated files to a corpus. */

import { LxmertError, UsageError } from '../../common/errors.js';
import { streamAnnotatedImages } from '../annotations/pretrainingAnnotations.js';
import type { AnswerTable } from '../answerTable.js';
import { LeftOut, MAX_LEFT_OUT } from '../leftOut.js';
import { cleanAnswers } from './cleanAnswers.js';
import { CorpusBuilder, type PretrainingCorpus } from './corpus.js';

export interface ReadCorpusOptions {
  /** Aggregated files, such as mscoco_train.json and vgnococo.json. */
  readonly files: readonly string[];
  /** Whether the features of an image are at hand; sentences of others are left out, as in the reference. */
  readonly hasImage: (imageId: string) => boolean;
  /** All images with features, for messages about those that are left out. */
  readonly imageIds?: Iterable<string>;
  /** The share of the images that may be left out, 0 to 1. Default {@link MAX_LEFT_OUT}. */
  readonly maxLeftOut?: number;
  /** Undefined: without question answering. The questions are then sentences like others. */
  readonly answerTable: AnswerTable | undefined;
  /** Data sets whose sentences are read (`mscoco`, `vg`, `vqa`, ...); undefined: of all. */
  readonly sources?: readonly string[] | undefined;
}

export interface ReadCorpus {
  readonly corpus: PretrainingCorpus;
  /** Images of the files without features here. */
  readonly leftOut: LeftOut;
}

/** @throws LxmertError when no sentence or too few images are left, UsageError for a data set that the files do not have */
export async function readCorpus(options: ReadCorpusOptions): Promise<ReadCorpus> {
  const { files, hasImage, imageIds, answerTable, sources: wanted } = options;
  const builder = new CorpusBuilder();
  const found = new Set<string>();
  const leftOut = new LeftOut({ has: hasImage, ...(imageIds && { imageIds }) }, files.join(', '), 'images');
  for (const file of files) {
    for await (const { imageId, sources } of streamAnnotatedImages(file)) {
      for (const { source } of sources) found.add(source);
      if (!leftOut.keeps({ imageIds: [imageId] })) continue;
      for (const { source, sentences, labels } of sources) {
        if (wanted !== undefined && !wanted.includes(source)) continue;
        for (const [i, sentence] of sentences.entries()) {
          const label = answerTable && labels?.[i];
          builder.add(imageId, source, sentence, label && cleanAnswers(label, answerTable));
        }
      }
    }
  }
  const absent = wanted?.find((source) => !found.has(source));
  if (absent !== undefined) {
    throw new UsageError(
      `There are no sentences of '${absent}' in ${files.join(', ')}; there are those of ${[...found].join(', ') || 'no data set'}.`,
    );
  }
  leftOut.check(options.maxLeftOut ?? MAX_LEFT_OUT);
  const corpus = builder.finish(leftOut.notice === undefined ? [] : [leftOut.notice]);
  if (corpus.size === 0) throw new LxmertError(`There is no sentence in ${files.join(', ')}.`);
  return { corpus, leftOut };
}
