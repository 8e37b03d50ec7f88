/** @file Statements of NLVR2 in the reference's JSON format. */

import { z } from 'zod';
import { type ExampleFileKind, readAs, readRecords } from './exampleFile.js';
import { nlvr2LabelSchema } from './nlvr2Label.js';
import type { Question } from './question.js';
import { checkRecord } from './record.js';
import { unreadLabelKey } from './unreadLabelKey.js';

/** The two answers; the index is the label. */
export const NLVR2_ANSWERS = ['False', 'True'] as const;

const statementSchema = z
  .object({
    identifier: z.string().min(1).optional(),
    uid: z.string().min(1).optional(),
    img0: z.string().min(1),
    img1: z.string().min(1),
    sent: z.string(),
    label: nlvr2LabelSchema('expected the label 0 or 1 (or True or False)').optional(),
  })
  .refine(({ identifier, uid }) => identifier !== undefined || uid !== undefined, {
    path: ['identifier'],
    error: 'expected text, found nothing (nor under uid)',
  });

const KIND: ExampleFileKind = {
  expected: "statements in the reference's rows, [{identifier, img0, img1, sent, label}, ...]",
  forms: ['nlvr2Rows', 'nlvr2RowsUnlabelled'],
};

/**
 * Reads a file of statements about pairs of images: `[{identifier, img0, img1, sent, label?}, ...]`, or a row on each line.
 * The question id is the identifier, `split-set-pair-sentence`, or the `uid` of rows that have none.
 *
 * @throws LxmertError with file, index and key for an entry that is not as expected; for a file of another kind, what it
 *   is and which command takes it
 */
export function streamStatements(file: string): AsyncGenerator<Question> {
  return readAs(file, KIND, readRows(file));
}

async function* readRows(file: string): AsyncGenerator<Question> {
  for await (const { value, place } of readRecords(file, 'statement')) {
    const record = checkRecord(statementSchema, value, file, place);
    yield {
      imageIds: [record.img0, record.img1],
      questionId: record.identifier ?? record.uid ?? '',
      sentence: record.sent,
      labels:
        record.label === undefined ? undefined : new Map([[NLVR2_ANSWERS[Number(record.label)] ?? '', 1]]),
      questionType: '',
      answerType: '',
      ...unreadLabelKey(record.label, value),
    };
  }
}
