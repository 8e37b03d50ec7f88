import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LxmertError } from '../../../src/common/errors.js';
import { ParquetTable } from '../../../src/formats/parquet/parquetTable.js';
import { walkRuns } from '../../../src/formats/parquet/runs.js';
import { temporaryFolder } from '../../features/support.js';

const tables = path.join(import.meta.dirname, 'tables');
const VALIDATION = path.join(tables, 'vqa/data/validation-00000-of-00002.parquet');
const TRAIN = path.join(tables, 'vqa/data/train-00000-of-00001-5b1ea1b1a8a2b2c4.parquet');
const root = temporaryFolder();

async function rowsOf(file: string, choose?: (name: string, hasBytes: boolean) => boolean) {
  const table = await ParquetTable.open(file);
  try {
    const chosen = table.columns.filter(({ name, hasBytes }) => choose?.(name, hasBytes) ?? true);
    const rows: Record<string, unknown>[] = [];
    for await (const row of table.rows(chosen.map(({ name }) => name))) rows.push(row);
    return rows;
  } finally {
    await table.close();
  }
}

/** The table with some bytes changed. */
function altered(file: string, change: (bytes: Buffer) => Buffer): string {
  const target = path.join(root, 'altered.parquet');
  writeFileSync(target, change(readFileSync(file)));
  return target;
}

describe('a table', () => {
  it('has its rows in order over row groups, pictures among them', async () => {
    const rows = await rowsOf(VALIDATION);
    expect(rows.map((row) => row.question_id)).toEqual([262148000n, 262148001n, 393225000n]);
    const [first] = rows;
    expect(first).toMatchObject({
      question: 'What color is the grass?',
      image_id: 262148n,
      image: { path: 'COCO_val2014_000000262148.jpg' },
    });
    const answers = first!.answers as readonly { answer: string; answer_id: bigint }[];
    expect(answers.map(({ answer }) => answer).slice(6)).toEqual(['green', 'brown', 'light green', 'green']);
    expect(answers.map(({ answer_id }) => Number(answer_id))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const { bytes } = first!.image as { bytes: Uint8Array };
    expect(Buffer.from(bytes).subarray(1, 4).toString()).toBe('PNG');
  });

  it('has values of all types, encodings and packings as pyarrow wrote them', async () => {
    const rows = await rowsOf(path.join(tables, 'kinds.parquet'));
    expect(rows).toEqual(
      Array.from({ length: 8 }, (_, i) => ({
        id: `row-${i}`,
        number: i === 3 ? null : BigInt(i) * 10n ** 12n,
        small: i === 0 ? 0 : -i,
        unsigned: 4_294_967_295 - i,
        share: i / 2,
        when: new Date(Date.UTC(2020, 0, 1, i)),
        price: 1.25 * i,
        texts: i === 0 ? [] : ['a', null, '\u00e9'],
        category: i % 2 === 0 ? 'even' : 'odd',
        raw: new Uint8Array([i, 255]),
        isTrue: i % 2 === 0,
      })),
    );
  });

  it.each([
    [TRAIN, 12],
    [path.join(tables, 'vqa/data/testdev-00000-of-00001.parquet'), 2],
  ])('may be packed by zstd and gzip: %s', async (file, numRows) => {
    expect(await rowsOf(file)).toHaveLength(numRows);
  });

  it('is read in the columns that are asked for alone: pictures that are not are never looked at', async () => {
    const damaged = altered(VALIDATION, (bytes) => {
      for (let at = bytes.indexOf('PNG'); at >= 0; at = bytes.indexOf('PNG', at + 1))
        bytes.fill(0xff, at, at + 30);
      return bytes;
    });
    const rows = await rowsOf(damaged, (_, hasBytes) => !hasBytes);
    expect(rows).toHaveLength(3);
    expect(rows[0]).not.toHaveProperty('image');
  });
});

describe('a table that is not whole', () => {
  it('is said to lack its end, wherever it was cut', async () => {
    const { length } = readFileSync(TRAIN);
    for (const size of [12, 100, length - 1, length - 4]) {
      const cut = altered(TRAIN, (bytes) => bytes.subarray(0, size));
      await expect(rowsOf(cut)).rejects.toThrow(/its end is missing\. Get it again\./);
    }
    const headless = altered(TRAIN, (bytes) => bytes.subarray(4));
    await expect(rowsOf(headless)).rejects.toThrow(/is no Parquet table/);
  });

  it.each([
    [
      'states a footer larger than itself',
      (bytes: Buffer) => bytes.writeUInt32LE(2 ** 31, bytes.length - 8),
      /states a footer of 2147483648 bytes/,
    ],
    ['is encrypted', (bytes: Buffer) => bytes.write('PARE', bytes.length - 4), /encrypted/],
    [
      'has a footer of other bytes',
      (bytes: Buffer) => {
        const start = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
        return bytes.fill(0x55, start, start + 40);
      },
      /whose footer cannot be read/,
    ],
    ['has other pages', (bytes: Buffer) => bytes.fill(0, 20, 90), /its rows 1 to 12 cannot be read/],
  ])('or %s is refused with a sentence', async (_, change, message) => {
    const file = altered(TRAIN, (bytes) => {
      change(bytes);
      return bytes;
    });
    const error = await rowsOf(file).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(LxmertError);
    expect(String(error)).toMatch(message);
  });

  it('is read or refused in words, and soon, whichever byte was changed', async () => {
    const { length } = readFileSync(TRAIN);
    const outcomes = new Set<string>();
    for (let at = 4; at < length; at += at < 300 ? 5 : 31) {
      const file = altered(TRAIN, (bytes) => {
        bytes[at]! ^= [0xff, 0x41, 0x08][at % 3]!;
        return bytes;
      });
      const outcome = await rowsOf(file).catch((error: unknown) => error);
      if (!Array.isArray(outcome)) expect(outcome).toBeInstanceOf(LxmertError);
      outcomes.add(Array.isArray(outcome) ? 'read' : 'refused');
      expect(String(outcome)).not.toMatch(/undefined|is not a function/);
    }
    expect(outcomes.size).toBe(2);
  });

  it('with values that each begin as the one before is refused', async () => {
    await expect(rowsOf(path.join(tables, 'prefixes.parquet'))).rejects.toThrow(
      /the column text is stored as DELTA_BYTE_ARRAY, which is not read/,
    );
  });
});

describe('a run of values', () => {
  const walk = (bytes: readonly number[], numValues: number) =>
    walkRuns({ view: new DataView(Uint8Array.from(bytes).buffer), offset: 0 }, 1, numValues, 1);

  it('is counted, repeated or packed', () => {
    // Five times 1; then eight bits, of which three are used.
    expect(walk([5 << 1, 1, (1 << 1) | 1, 0b0000_0101], 8)).toBe(7);
  });

  it('that claims more values than are left is refused before any is made', () => {
    // 2 ** 30 values in five bytes.
    const claim = [0x80, 0x80, 0x80, 0x80, 0x08, 1];
    expect(() => walk(claim, 8)).toThrow('a run of 1073741824 values where 8 are left');
    expect(() => walk([0x91, 0x03, 0x81], 8)).toThrow(/a run of/);
  });
});
