import path from 'node:path';
import { expect, it } from 'vitest';
import { streamRecords } from '../../src/data/annotations/jsonRecords.js';
import { findLayout, streamValues } from '../../src/data/annotations/jsonStream.js';
import { openJson } from '../../src/data/annotations/openJson.js';
import { joinedTables } from '../../src/data/annotations/parquetSource.js';

const tables = path.join(import.meta.dirname, '../formats/parquet/tables');
const shard = (number: number) => path.join(tables, `vqa/data/validation-0000${number}-of-00002.parquet`);

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

it('a table is read wherever JSON lines are, by its content, with numbers and without pictures', async () => {
  const source = await openJson(shard(0), 'annotations');
  const layout = await findLayout(source, ['annotations']);
  const records = await all(streamRecords(source, layout));
  expect(records.map(({ place }) => place)).toEqual(['row 1', 'row 2', 'row 3']);
  expect(records[1]!.value).toEqual({
    question_type: 'what color is the',
    multiple_choice_answer: 'yes',
    answers: Array.from({ length: 10 }, (_, i) => ({
      answer: 'yes',
      answer_confidence: 'yes',
      answer_id: i + 1,
    })),
    image_id: 262148,
    answer_type: 'yes/no',
    question_id: 262148001,
    question: 'Is it \u00fcber-sunny?',
  });
  expect(await all(streamValues(source))).toEqual(records.map(({ value }) => value));
});

it('what is absent is left out, and numbers that JavaScript cannot hold are text', async () => {
  const testdev = await openJson(path.join(tables, 'vqa/data/testdev-00000-of-00001.parquet'), 'questions');
  const [first] = await all(streamValues(testdev));
  expect(first).toEqual({ image_id: 1, question_id: 1000, question: 'Is it?' });
  const kinds = await openJson(path.join(tables, 'kinds.parquet'), 'rows');
  expect(await all(streamValues(kinds))).toMatchObject([
    { number: 0, when: '2020-01-01T00:00:00.000Z', texts: [] },
    { number: 1e12, texts: ['a', null, '\u00e9'] },
    ...Array.from({ length: 6 }, () => ({})),
  ]);
});

it('shards are one source, in order, and places name the shard', async () => {
  const joined = joinedTables([shard(0), shard(1)], 'validation');
  const records = await all(streamRecords(joined, { kind: 'lines' }));
  expect(records.map(({ value }) => (value as { question_id: number }).question_id)).toEqual([
    262148000, 262148001, 393225000, 393230000, 42000,
  ]);
  expect(records[3]!.place).toBe(`${shard(1)}, row 1`);
});

it('a time that JavaScript has no date for is told by its row', async () => {
  const late = path.join(tables, 'late.parquet');
  await expect(openJson(late, 'rows').then((source) => all(streamValues(source)))).rejects.toThrow(
    `${late}, row 1: a time lies outside the years -271821 to 275760, the only ones that are read. Leave its column out of the table.`,
  );
});
