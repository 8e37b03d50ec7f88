/** @file Examples of a data set of one's own: JSON lines. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { type ExampleFileKind, readAs, readRecords } from './exampleFile.js';
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

const KIND: ExampleFileKind = {
  expected:
    'examples of your own, a line {"id", "image", "text", "labels"} each (docs/how-to/custom-data.md)',
  forms: ['custom', 'customUnlabelled'],
};

/**
 * Reads lines `{"id", "image" or "images": [first, second], "text", "labels"?, "type"?}`. Labels are one answer, a list
 * of right answers, or an object of answers with scores from 0 to 1; one that is blank is none. Empty lines are passed over; a
 * JSON list of such objects is read as well.
 *
 * @param numImages how many images each example must have
 * @throws LxmertError with file, line and key for a line that is not as expected; for a file of another kind, what it is
 *   and which command takes it
 */
export function streamCustomExamples(file: string, numImages: 1 | 2): AsyncGenerator<Question> {
  return readAs(file, KIND, readExamples(file, numImages));
}

async function* readExamples(file: string, numImages: 1 | 2): AsyncGenerator<Question> {
  for await (const { value, place } of readRecords(file, 'example')) {
    const { id, image, images, text: sentence, labels, type } = checkRecord(recordSchema, value, file, place);
    const imageIds = images ?? [image ?? ''];
    if (imageIds.length !== numImages) {
      throw new LxmertError(
        `${file}: ${place}: expected ${numImages === 1 ? 'one image' : 'two images'}, but the example has ${imageIds.length}. ${numImages === 1 ? 'Pairs are for the task custom-pairs' : 'Single images are for the task custom'} (lxmert finetune, evaluate, predict).`,
      );
    }
    yield {
      imageIds,
      questionId: id,
      sentence,
      labels: labels === undefined || isBlank(labels) ? undefined : scoresOf(labels),
      questionType: type ?? '',
      answerType: '',
      ...unreadLabelKey(labels, value),
    };
  }
}

/** What tables write into the cell of an example without a label. */
function isBlank(labels: z.output<typeof recordSchema>['labels']): boolean {
  const texts = typeof labels === 'string' ? [labels] : labels;
  return Array.isArray(texts) && texts.length > 0 && texts.every((text: string) => text.trim() === '');
}

function scoresOf(
  labels: string | readonly string[] | Readonly<Record<string, number>>,
): Map<string, number> {
  if (typeof labels === 'string') return new Map([[labels, 1]]);
  if (Array.isArray(labels)) return new Map(labels.map((label: string) => [label, 1]));
  return new Map(Object.entries(labels));
}
