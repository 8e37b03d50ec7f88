/** @file Statements of NLVR2 in the reference's JSON format. */

import { z } from 'zod';
import { fileSource } from './jsonSource.js';
import { streamArray } from './jsonStream.js';
import type { Question } from './question.js';
import { checkRecord } from './record.js';
import { unreadLabelKey } from './unreadLabelKey.js';

/** The two answers; the index is the label. */
export const NLVR2_ANSWERS = ['False', 'True'] as const;

const statementSchema = z.object({
  identifier: z.string().min(1),
  img0: z.string().min(1),
  img1: z.string().min(1),
  sent: z.string(),
  label: z.union([z.literal(0), z.literal(1)]).optional(),
});

/**
 * Reads a file of statements about pairs of images: `[{identifier, img0, img1, sent, label?}, ...]`. The question id
 * is the identifier, `split-set-pair-sentence`.
 *
 * @throws LxmertError with file, index and key for an entry that is not as expected
 */
export async function* streamStatements(file: string): AsyncGenerator<Question> {
  let index = 0;
  for await (const element of streamArray(fileSource(file))) {
    const record = checkRecord(statementSchema, element, file, `statement ${index++}`);
    yield {
      imageIds: [record.img0, record.img1],
      questionId: record.identifier,
      sentence: record.sent,
      labels: record.label === undefined ? undefined : new Map([[NLVR2_ANSWERS[record.label], 1]]),
      questionType: '',
      answerType: '',
      ...unreadLabelKey(record.label, element),
    };
  }
}
