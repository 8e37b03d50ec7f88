/** @file Examples of a data set of one's own: JSON lines. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { readJsonLines } from '../../formats/lines/jsonLines.js';
import type { Question } from './question.js';
import { checkRecord } from './record.js';
import { unreadLabelKey } from './unreadLabelKey.js';

const score = z.number().min(0).max(1);
const recordSchema = z
  .object({
    id: z.union([z.string().min(1), z.int()]),
    image: z.string().min(1).optional(),
    images: z.array(z.string().min(1)).min(1).max(2).optional(),
    text: z.string(),
    labels: z.union([z.string(), z.array(z.string()), z.record(z.string(), score)]).optional(),
    type: z.string().optional(),
  })
  .refine((record) => (record.image === undefined) !== (record.images === undefined), {
    error: 'expected either image or images',
  });

/**
 * Reads lines `{"id", "image" or "images": [first, second], "text", "labels"?, "type"?}`. Labels are one answer, a list
 * of right answers, or an object of answers with scores from 0 to 1. Empty lines are passed over.
 *
 * @param numImages how many images each example must have
 * @throws LxmertError with file, line and key for a line that is not as expected
 */
export async function* streamCustomExamples(file: string, numImages: 1 | 2): AsyncGenerator<Question> {
  for await (const { value, place } of readJsonLines(file)) {
    const { id, image, images, text: sentence, labels, type } = checkRecord(recordSchema, value, file, place);
    const imageIds = images ?? [image ?? ''];
    if (imageIds.length !== numImages) {
      throw new LxmertError(
        `${file}: ${place}: expected ${numImages === 1 ? 'one image' : 'two images'}, but the example has ${imageIds.length}.`,
      );
    }
    yield {
      imageIds,
      questionId: id,
      sentence,
      labels: labels === undefined ? undefined : scoresOf(labels),
      questionType: type ?? '',
      answerType: '',
      ...unreadLabelKey(labels, value),
    };
  }
}

function scoresOf(
  labels: string | readonly string[] | Readonly<Record<string, number>>,
): Map<string, number> {
  if (typeof labels === 'string') return new Map([[labels, 1]]);
  if (Array.isArray(labels)) return new Map(labels.map((label: string) => [label, 1]));
  return new Map(Object.entries(labels));
}
