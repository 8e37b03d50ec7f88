/** @file An answer table from the labels of aggregated pre-training files. */

import { LxmertError } from '../../common/errors.js';
import { streamAnnotatedImages } from '../annotations/pretrainingAnnotations.js';
import { normalizeAnswer } from '../answerNormalization.js';
import { AnswerTable } from '../answerTable.js';

/**
 * Every answer that some question is labelled with, normalised, the most frequent first and equally frequent ones by
 * their text.
 *
 * @param hasImage images of others do not count
 * @throws LxmertError when no question has a label
 */
export async function buildPretrainingAnswers(
  files: readonly string[],
  hasImage: (imageId: string) => boolean,
): Promise<AnswerTable> {
  const counts = new Map<string, number>();
  for (const file of files) {
    for await (const { imageId, sources } of streamAnnotatedImages(file)) {
      if (!hasImage(imageId)) continue;
      for (const [answer] of sources.flatMap(({ labels = [] }) => labels.flat())) {
        const normalized = normalizeAnswer(answer);
        counts.set(normalized, (counts.get(normalized) ?? 0) + 1);
      }
    }
  }
  if (counts.size === 0) {
    throw new LxmertError(
      `No sentence of ${files.join(', ')} is a question with an answer. Leave question answering out with --qa-weight 0.`,
    );
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return new AnswerTable(sorted.map(([answer]) => answer));
}
