/** @file Questions and annotations in VQA's form, of the data sets that keep to it: VQA v1 and v2, VQA-CP, OK-VQA. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { streamRecords } from '../annotations/jsonRecords.js';
import { findLayout } from '../annotations/jsonStream.js';
import { checkRecord } from '../annotations/record.js';
import { cocoDigits, cocoNumberSchema } from '../cocoImages.js';
import { type RawFile, readRawAs } from './rawFiles.js';

/** VQA's ids are numbers; some copies of the files have them in quotes. Text that is no number stays text. */
export const idSchema = z.preprocess(
  (value) => (typeof value === 'string' && /^[1-9][0-9]{0,14}$/.test(value) ? Number(value) : value),
  z.union([z.int(), z.string().min(1)]),
);
const cocoSplit = z
  .string()
  .regex(/^(train|val|test)20\d\d$/, "expected a half of COCO, such as 'train2014'")
  .optional();
const answer = z.preprocess(
  (value) => (typeof value === 'string' ? { answer: value } : value),
  z.object({ answer: z.string() }),
);

/** What files of questions, and of annotations, are by their content. */
export const vqaQuestionForms = ['vqaQuestions', 'vqaCpQuestions', 'vqaMultipleChoice'];
export const vqaAnnotationForms = ['vqaAnnotations', 'vqaCpAnnotations', 'okVqaAnnotations'];

const questionSchema = z.object({
  question_id: idSchema,
  image_id: cocoNumberSchema,
  question: z.string(),
  coco_split: cocoSplit,
});
const annotationSchema = z.object({
  question_id: idSchema,
  question_type: z.string().optional(),
  answer_type: z.string().optional(),
  /** The most given answer; OK-VQA's files do not state it. */
  multiple_choice_answer: z.string().optional(),
  answers: z.array(answer),
  coco_split: cocoSplit,
});
/** A question and its annotation in one row, as tables have them. Older ones keep each field of the answers in a list of its own. */
export const vqaTableSchema = annotationSchema.extend({
  ...questionSchema.shape,
  answers: z
    .preprocess((value) => {
      const texts = (value as { readonly answer?: unknown } | null | undefined)?.answer;
      return Array.isArray(texts) ? texts : value;
    }, z.array(answer))
    .optional(),
});
export type RawVqaQuestion = z.output<typeof questionSchema>;
export type RawVqaAnnotation = z.output<typeof annotationSchema>;

const QUESTIONS = { expected: "questions in VQA's form", forms: vqaQuestionForms };
/** One list may have both. */
const ANNOTATIONS = { expected: "annotations in VQA's form", forms: vqaAnnotationForms };

/** The questions of a file: `{"questions": [...]}`, or the list alone, as VQA-CP has it. */
export function readVqaQuestions(file: RawFile): AsyncGenerator<RawVqaQuestion> {
  return readRawAs(file, QUESTIONS, readListed(file, 'questions', questionSchema, 'question'));
}

/** The annotations of a file: `{"annotations": [...]}`, or the list alone. */
export function readVqaAnnotations(file: RawFile): AsyncGenerator<RawVqaAnnotation> {
  return readRawAs(file, ANNOTATIONS, readListed(file, 'annotations', annotationSchema, 'annotation'));
}

async function* readListed<T>(
  file: RawFile,
  key: 'questions' | 'annotations',
  schema: z.ZodType<T>,
  noun: string,
): AsyncGenerator<T> {
  const layout = await findLayout(file, [key]);
  const known =
    layout.kind === 'list' || layout.kind === 'lines' ? layout : ({ kind: 'wrapped', key } as const);
  for await (const { value, place } of streamRecords(file, known, noun)) {
    yield checkRecord(schema, value, file.name, `${place} (counted from 0)`);
  }
}

/**
 * `COCO_train2014_000000131486`: by the half of COCO that the question or its annotation states, or else the file's name.
 *
 * @throws LxmertError when none of them does
 */
export function cocoImageName(
  question: RawVqaQuestion,
  annotation: RawVqaAnnotation | undefined,
  ofFile: string | undefined,
  file: string,
): string {
  const split = question.coco_split ?? annotation?.coco_split ?? ofFile;
  if (split === undefined) {
    throw new LxmertError(
      `${file}: the question ${question.question_id} has no 'coco_split', so it does not show which half of COCO its image is of.`,
    );
  }
  return `COCO_${split}_${cocoDigits(question.image_id)}`;
}
