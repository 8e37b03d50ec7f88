/** @file VQA questions in the reference's JSON format. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { readJsonArray } from './jsonArray.js';

/** A question about an image. */
export interface Question {
  readonly imageId: string;
  /** A number in VQA, a string in GQA; dumps keep the type. */
  readonly questionId: number | string;
  readonly sentence: string;
  /** Answers with their soft scores; undefined where the split has no labels (test). May be empty. */
  readonly labels: ReadonlyMap<string, number> | undefined;
  /** The annotators' kind of question, such as `what color`; empty when not stated. */
  readonly questionType: string;
  /** `yes/no`, `number` or `other`; empty when not stated. */
  readonly answerType: string;
}

const questionSchema = z.object({
  img_id: z.string().min(1),
  question_id: z.union([z.int(), z.string().min(1)]),
  sent: z.string(),
  label: z.record(z.string(), z.number().min(0).max(1)).optional(),
  question_type: z.string().optional(),
  answer_type: z.string().optional(),
});

/**
 * Reads one file of questions: `[{img_id, question_id, sent, label?, question_type?, answer_type?}, ...]`. Other
 * keys are ignored, as the published files carry some.
 *
 * @throws LxmertError with file, index and key for an entry that is not as expected
 */
export async function readQuestions(file: string): Promise<Question[]> {
  const questions: Question[] = [];
  for await (const element of readJsonArray(file)) {
    const parsed = questionSchema.safeParse(element);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const key = issue === undefined || issue.path.length === 0 ? '' : `, key '${issue.path.join('.')}'`;
      throw new LxmertError(
        `${file}: question ${questions.length}${key}: ${issue?.message ?? 'not as expected'}.`,
      );
    }
    const { img_id, question_id, sent, label, question_type, answer_type } = parsed.data;
    questions.push({
      imageId: img_id,
      questionId: question_id,
      sentence: sent,
      labels: label === undefined ? undefined : new Map(Object.entries(label)),
      questionType: question_type ?? '',
      answerType: answer_type ?? '',
    });
  }
  return questions;
}
