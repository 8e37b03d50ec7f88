/** @file The official annotations of VQA v2: ten raw answers for each question. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { fileSource } from './jsonSource.js';
import { streamArray } from './jsonStream.js';
import { checkRecord } from './record.js';

/** One question's annotation. */
export interface VqaAnnotation {
  readonly questionId: number;
  /** The first words of the question, such as `what color is the`. */
  readonly questionType: string;
  /** `yes/no`, `number` or `other`. */
  readonly answerType: string;
  /** The annotators' answers as they typed them. */
  readonly answers: readonly string[];
}

const annotationSchema = z.object({
  question_id: z.int(),
  question_type: z.string(),
  answer_type: z.string(),
  answers: z.array(z.object({ answer: z.string() })).min(1),
});

/**
 * Yields the annotations of a file like `v2_mscoco_val2014_annotations.json`, `{annotations: [...]}`, in order. The
 * file is over 200 MB; one annotation is held at a time.
 *
 * @throws LxmertError with file, element and key for an annotation that is not as expected
 */
export async function* readOfficialVqaAnnotations(file: string): AsyncGenerator<VqaAnnotation> {
  let numAnnotations = 0;
  for await (const element of streamArray(fileSource(file), 'annotations')) {
    const record = checkRecord(annotationSchema, element, file, `annotation ${numAnnotations}`);
    numAnnotations++;
    yield {
      questionId: record.question_id,
      questionType: record.question_type,
      answerType: record.answer_type,
      answers: record.answers.map(({ answer }) => answer),
    };
  }
  if (numAnnotations === 0) throw new LxmertError(`${file} holds no annotations.`);
}
