/** @file OK-VQA's questions with their answers in tables, as hubs have them: the pictures themselves, without numbers. */

import { z } from 'zod';
import { streamRecords } from '../annotations/jsonRecords.js';
import { checkRecord } from '../annotations/record.js';
import { hubSplits } from './hubTables.js';
import type { RawFile } from './rawFiles.js';
import type { VqaRow, VqaSplit } from './rows.js';
import { UniqueIds } from './uniqueIds.js';
import { idSchema } from './vqaRecords.js';
import { knownSplit } from './vqaTables.js';

const NEEDED = [['question_id'], ['question'], ['answers']];

const schema = z.object({
  question_id: idSchema,
  question: z.string(),
  answers: z.array(z.string()).nullish(),
  question_type: z.string().nullish(),
  answer_type: z.string().nullish(),
});

/**
 * The splits among files that are tables. An image goes by the id of its question, as `lxmert images export` names the
 * pictures of such tables.
 *
 * @throws UsageError for a table whose name does not tell the split, or that was named and has other columns
 */
export async function okvqaTableSplits(
  files: readonly RawFile[],
  note: (line: string) => void,
): Promise<VqaSplit[]> {
  return (await hubSplits(files, NEEDED, note)).map(({ split, table }) => {
    const { file } = knownSplit(split, table.name);
    const isVal = file === 'val.json';
    return { name: split, file, source: table.name, isVal, isForTable: true, rows: () => rowsOf(table) };
  });
}

async function* rowsOf(table: RawFile): AsyncGenerator<VqaRow> {
  const ids = new UniqueIds(table.name, 'question');
  for await (const { value, place } of streamRecords(table, { kind: 'lines' })) {
    const record = checkRecord(schema, value, table.name, place);
    const { question_id: questionId, question, answers } = record;
    ids.add(questionId);
    yield {
      imageId: String(questionId),
      questionId,
      question,
      answers: answers?.length ? answers : undefined,
      questionType: record.question_type ?? undefined,
      answerType: record.answer_type ?? undefined,
    };
  }
}
