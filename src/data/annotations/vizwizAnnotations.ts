/** @file VizWiz's annotations: photos and questions of blind people, with what ten annotators said. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { excerptOfJson } from '../../common/excerpt.js';
import { imageIdOf } from '../../features/files.js';
import { softLabel } from '../softLabel.js';
import { type ExampleFileKind, readAs, readRecords } from './exampleFile.js';
import type { Question } from './question.js';
import { checkRecord } from './record.js';

/** A question about an image, of which it is the only one: the name of the image's file is its id. */
export interface VizwizQuestion extends Question {
  readonly questionId: string;
  /** As the annotators typed them, ten; undefined where the split has none (test). */
  readonly answers: readonly string[] | undefined;
  /** 1 where most annotators found that the image answers the question; undefined likewise. */
  readonly answerable: 0 | 1 | undefined;
}

/** The message of a key that is not as expected. */
const expected = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) => `expected ${what}, found ${excerptOfJson(input, 60)}`,
});

/** One element of the file. */
const vizwizRecordSchema = z.object(
  {
    image: z.string(expected('the name of an image file')).min(1, expected('the name of an image file')),
    question: z.string(expected('the text of the question')),
    answers: z
      .array(
        z.looseObject(
          { answer: z.string(expected('an answer as text')) },
          expected('an object with an answer'),
        ),
        expected('a list of answers'),
      )
      .min(1, expected('ten answers'))
      .optional(),
    answer_type: z.string(expected('the type of the answer as text')).optional(),
    answerable: z.literal([0, 1], expected('0 or 1')).optional(),
  },
  expected('an object with image and question'),
);

export type VizwizRecord = z.output<typeof vizwizRecordSchema>;

/**
 * @throws LxmertError with file, place and key for a record that is not as expected, or has only one of `answers` and
 *   `answerable`
 */
export function checkVizwizRecord(value: unknown, file: string, place: string): VizwizRecord {
  const record = checkRecord(vizwizRecordSchema, value, file, place);
  if ((record.answers === undefined) === (record.answerable === undefined)) return record;
  const [is, isNot] = record.answers === undefined ? ['answerable', 'answers'] : ['answers', 'answerable'];
  throw new LxmertError(
    `${file}: ${place}, key '${isNot}': expected it beside '${is}', found nothing. Labelled splits have both, the test split neither.`,
  );
}

const tableSchema = z.object({
  question_id: z.string().min(1),
  question: z.string(),
  answers: z.array(z.string()).nullish(),
  category: z.string().nullish(),
});

/**
 * A row of a hub's table, `{question_id, question, answers, category}`, as an element of the official file: the id is the name
 * of the picture without its ending, the category is the type of the answer, and whether there is one shows in it.
 *
 * @throws LxmertError with file, place and key
 */
export function vizwizRecordOfTable(value: unknown, file: string, place: string): VizwizRecord {
  const { question_id: id, question, answers, category } = checkRecord(tableSchema, value, file, place);
  const image = `${id}.jpg`;
  if (!answers?.length) return { image, question };
  return {
    image,
    question,
    answers: answers.map((answer) => ({ answer })),
    ...(typeof category === 'string' && { answer_type: category }),
    answerable: category === 'unanswerable' ? 0 : 1,
  };
}

const KIND: ExampleFileKind = {
  expected: "VizWiz's annotations, [{image, question, answers, answer_type, answerable}, ...]",
  forms: ['vizWiz', 'vizWizTest'],
};

/**
 * Reads VizWiz's annotations, `[{image, question, answers: [{answer, answer_confidence}], answer_type, answerable}]`;
 * the test split has images and questions only. Images go by the name of their file up to its first dot, the id that
 * `lxmert extract` gives. Labels are soft, by the rule of the reference's VQA files ({@link softLabel}); the
 * annotators' confidence is not used.
 *
 * @throws LxmertError with file, element, key, what was expected and what was found
 */
export function readVizwiz(file: string): AsyncGenerator<VizwizQuestion> {
  return readAs(file, KIND, readPhotos(file));
}

async function* readPhotos(file: string): AsyncGenerator<VizwizQuestion> {
  for await (const { value, place } of readRecords(file, 'question')) {
    const record = checkVizwizRecord(value, file, place);
    const answers = record.answers?.map(({ answer }) => answer);
    yield {
      imageIds: [imageIdOf(record.image)],
      questionId: record.image,
      sentence: record.question,
      labels: answers && softLabel(answers),
      questionType: '',
      answerType: record.answer_type ?? '',
      answers,
      answerable: record.answerable,
    };
  }
}
