/** @file Examples of a data set of one's own: JSON lines. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { excerptOfJson } from '../../common/excerpt.js';
import { ExampleFault, type ExampleFileKind, readAs, readRecords } from './exampleFile.js';
import { choicesSchema, type Question } from './question.js';
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
    choices: choicesSchema,
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
    refuseNearMiss(value, `${file}: ${place}`);
    const record = checkRecord(recordSchema, value, file, place);
    const { id, image, images, text: sentence, labels, type, choices } = record;
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
      ...(choices && { choices }),
      ...unreadLabelKey(labels, value),
    };
  }
}

/** What other data sets call the keys of this form. */
const OTHER_NAMES: readonly (readonly [string, readonly string[]])[] = [
  ['text', ['question', 'sentence', 'sent', 'caption', 'query', 'statement']],
  ['image', ['img_id', 'image_id', 'imageId', 'img']],
];

/**
 * An example of this form but for one thing is told of that, before anything is guessed of its file.
 *
 * @throws ExampleFault for a list in place of an object, a number in place of an answer, and keys of other names
 */
function refuseNearMiss(value: unknown, where: string): void {
  if (Array.isArray(value) && value.length > 1 && value.some((each) => typeof each === 'string')) {
    throw new ExampleFault(
      `${where} is a list, ${excerptOfJson(value, 60)}; an example is an object: {"id": "1", "image": "7", "text": "...", "labels": "yes"}. Write each as one (docs/how-to/own-pictures.md has a script that does).`,
    );
  }
  if (typeof value !== 'object' || value === null || !('id' in value)) return;
  const number = numberAmong('labels' in value ? value.labels : undefined);
  if (number !== undefined) {
    throw new ExampleFault(
      `${where}, key 'labels': answers are text, and ${number} is a number: write "${number}" in quotes.`,
    );
  }
  const keys = Object.keys(value);
  for (const [wanted, others] of OTHER_NAMES) {
    const other = others.find((name) => keys.includes(name));
    if (other === undefined || keys.includes(wanted) || keys.includes(`${wanted}s`)) continue;
    throw new ExampleFault(`${where} has no key '${wanted}', but one '${other}': call it '${wanted}'.`);
  }
}

function numberAmong(labels: unknown): number | undefined {
  return [labels].flat().find((label) => typeof label === 'number');
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
