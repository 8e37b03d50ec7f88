/** @file The ids of the questions that a test server has, from the official files or from those that prepare made of them. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { streamRecords } from '../../data/annotations/jsonRecords.js';
import { findLayout } from '../../data/annotations/jsonStream.js';
import { gqaQuestionEntries } from '../../data/annotations/officialGqaQuestions.js';
import { openJson } from '../../data/annotations/openJson.js';
import { checkRecord } from '../../data/annotations/record.js';

/** Ids are compared as text; most are short numbers, which take less memory as such. */
export type IdKey = number | string;

export function keyOf(id: number | string): IdKey {
  return typeof id === 'string' && /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id;
}

const id = z.union([z.string().min(1), z.int()]);
const questionId = z.object({ question_id: id });
const identifier = z.object({ identifier: z.string().min(1) });
const image = z.object({ image: z.string().min(1) });
const preparedImage = z.object({ question_id: z.string().min(1) });

/** Where a record of each data set has its id. */
const RECORDS: Readonly<Record<string, z.ZodType<object>>> = {
  vqa: questionId,
  nlvr2: identifier,
  vizwiz: z.union(
    [image, preparedImage],
    'expected the picture of a question, such as "VizWiz_test_00000000.jpg"',
  ),
  aokvqa: questionId,
};

/** @throws LxmertError for a file without questions, or one that is none of the data set */
export async function readSubmissionIds(file: string, task: string): Promise<Set<IdKey>> {
  const source = await openJson(file, 'the questions that are to be answered');
  const ids = new Set<IdKey>();
  if (task === 'gqa') {
    for await (const [each] of gqaQuestionEntries(source)) ids.add(keyOf(each));
  } else {
    const layout = await findLayout(source, ['questions', 'annotations', 'data']);
    const known = layout.kind === 'object' || layout.kind === 'none' ? ({ kind: 'lines' } as const) : layout;
    for await (const { value, place } of streamRecords(source, known, 'question')) {
      const [found] = Object.values(checkRecord(RECORDS[task]!, value, file, place));
      ids.add(keyOf(found as number | string));
    }
  }
  if (ids.size === 0) throw new LxmertError(`${file} holds no questions.`);
  return ids;
}
