/** @file Official annotations in the form of VQA v2: the annotators' raw answers to each question, ten in VQA. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { type ExampleFileKind, readOpenedAs } from './exampleFile.js';
import { streamRecords } from './jsonRecords.js';
import type { JsonSource } from './jsonSource.js';
import { findLayout } from './jsonStream.js';
import { openJson } from './openJson.js';
import { checkRecord } from './record.js';

/** One question's annotation. */
export interface VqaAnnotation {
  readonly questionId: number | string;
  /** The first words of the question, such as `what color is the`; empty when not stated. */
  readonly questionType: string;
  /** `yes/no`, `number` or `other`; empty when not stated. */
  readonly answerType: string;
  /** The annotators' answers as they typed them. */
  readonly answers: readonly string[];
}

/** What the file should be, for messages about another. */
const KIND: ExampleFileKind = {
  expected: "annotations with the annotators' answers, such as v2_mscoco_val2014_annotations.json",
  forms: ['vqaAnnotations', 'vqaCpAnnotations', 'okVqaAnnotations'],
};

/** Keys under which the list of annotations stands. */
const LIST_KEYS = ['annotations', 'data'];

const answerText = z.union([z.string(), z.number().transform(String)]);
/** Some files have the text alone. */
const answerSchema = z.preprocess(
  (value) => (typeof value === 'string' ? { answer: value } : value),
  z.object({ answer: answerText }),
);

const annotationSchema = z.object({
  question_id: z.union([z.int(), z.string().min(1)]),
  question_type: z.string().nullish(),
  answer_type: z.string().nullish(),
  answers: z.array(answerSchema).min(1),
});

/**
 * Yields the annotations of a file like `v2_mscoco_val2014_annotations.json`, `{annotations: [...]}`, in order. The
 * file is over 200 MB; one annotation is held at a time. A list without the object around it, JSON lines, and the zip
 * archive that the file is published in are read too; ids may be text, and the types of question and answer may be missing.
 *
 * @throws LxmertError with file, element and key for an annotation that is not as expected
 */
export async function* readOfficialVqaAnnotations(file: string): AsyncGenerator<VqaAnnotation> {
  const source = await openJson(file, KIND.expected);
  yield* readOpenedAs(source, KIND, readAnnotations(source));
}

async function* readAnnotations(source: JsonSource): AsyncGenerator<VqaAnnotation> {
  const found = await findLayout(source, LIST_KEYS);
  // Another object is told from it by its keys.
  const layout = found.kind === 'object' ? ({ kind: 'wrapped', key: 'annotations' } as const) : found;
  let numAnnotations = 0;
  for await (const { value, place } of streamRecords(source, layout, 'annotation')) {
    const record = checkRecord(annotationSchema, value, source.name, place);
    numAnnotations++;
    yield {
      questionId: record.question_id,
      questionType: record.question_type ?? '',
      answerType: record.answer_type ?? '',
      answers: record.answers.map(({ answer }) => answer),
    };
  }
  if (numAnnotations === 0) throw new LxmertError(`${source.name} holds no annotations.`);
}
