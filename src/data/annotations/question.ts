/** @file What all data sets are read into: a sentence about one or two images, and what is said of it. */

import { z } from 'zod';

/** Choices of an example; what other files keep under that key is no concern of a reader. */
export const choicesSchema = z.array(z.string().min(1)).min(1).optional().catch(undefined);

/** A question about an image, or a statement about two. */
export interface Question {
  /** One image, or two in order. */
  readonly imageIds: readonly string[];
  /** A number in VQA, a string in GQA and NLVR2; dumps keep the type. */
  readonly questionId: number | string;
  readonly sentence: string;
  /** Answers with their soft scores; undefined where the split has no labels (test). May be empty. */
  readonly labels: ReadonlyMap<string, number> | undefined;
  /** Where labels are undefined: a key of the file that they may stand under (`labels` for `label`), for messages. */
  readonly unreadLabelKey?: string;
  /** Where the file states some: the answers that count, as in multiple choice. */
  readonly choices?: readonly string[];
  /** The annotators' kind of question, such as `what color`; empty when not stated. */
  readonly questionType: string;
  /** `yes/no`, `number` or `other`; empty when not stated. */
  readonly answerType: string;
}
