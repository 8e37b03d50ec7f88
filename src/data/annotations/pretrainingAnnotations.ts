/** @file The aggregated pre-training files: for each image its sentences by data set, and answers to the questions. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { formatCount } from '../../formats/numbers.js';
import { type ExampleFileKind, readAs } from './exampleFile.js';
import { fileSource } from './jsonSource.js';
import { streamArray } from './jsonStream.js';
import { markNumberKeys, unmarkedKey } from './numberKeys.js';
import { checkRecord } from './record.js';

/** Answers to a question with their scores, in the order of the file. */
export type ScoredAnswers = readonly (readonly [answer: string, score: number])[];

/** The sentences of one image from one data set. */
export interface SourceSentences {
  /** `mscoco`, `vg`, `vqa`, `gqa`, `visual7w`, ... */
  readonly source: string;
  readonly sentences: readonly string[];
  /** One for each sentence when these are questions; undefined for captions. */
  readonly labels: readonly ScoredAnswers[] | undefined;
}

export interface AnnotatedImage {
  readonly imageId: string;
  readonly sources: readonly SourceSentences[];
}

const imageSchema = z.object({
  img_id: z.string().min(1),
  sentf: z.record(z.string(), z.array(z.string())),
  labelf: z.record(z.string(), z.array(z.record(z.string(), z.number().min(0)))).optional(),
});

const KIND: ExampleFileKind = {
  expected: 'sentences of images for pre-training, [{img_id, sentf, labelf}, ...]',
  forms: ['pretraining'],
};

/**
 * Reads a file `[{img_id, sentf: {source: [sentence, ...]}, labelf: {source: [{answer: score, ...}, ...]}}, ...]`, one
 * image at a time.
 *
 * @throws UsageError when the file is missing
 * @throws LxmertError with file, index and key for an entry that is not as expected; for a file of another kind, what it
 *   is and which command takes it
 */
export function streamAnnotatedImages(file: string): AsyncGenerator<AnnotatedImage> {
  return readAs(file, KIND, readImages(file));
}

async function* readImages(file: string): AsyncGenerator<AnnotatedImage> {
  let index = 0;
  for await (const element of streamArray({ ...fileSource(file), prepare: markNumberKeys })) {
    const place = `image ${index++}`;
    const { img_id: imageId, sentf, labelf = {} } = checkRecord(imageSchema, element, file, place);
    const sources = Object.entries(sentf).map(([source, sentences]): SourceSentences => {
      // Own keys only: a data set may have any name.
      const labels = Object.hasOwn(labelf, source) ? labelf[source] : undefined;
      if (labels !== undefined && labels.length !== sentences.length) {
        throw new LxmertError(
          `${file}: ${place} ('${imageId}') has ${formatCount(sentences.length, 'sentence')} of '${source}' but ${formatCount(labels.length, 'label')}. Each question needs one, an empty one when nothing is known.`,
        );
      }
      return { source, sentences, labels: labels?.map(inOrder) };
    });
    yield { imageId, sources };
  }
}

function inOrder(label: Readonly<Record<string, number>>): ScoredAnswers {
  return Object.entries(label).map(([answer, score]) => [unmarkedKey(answer), score] as const);
}
