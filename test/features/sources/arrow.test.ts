/** @file Arrow tables that datasets and pyarrow wrote (fixtures/makeArrow.py), to a store and back, and damaged ones. */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertToStore } from '../../../src/features/convertToStore.js';
import { convertToTsv } from '../../../src/features/convertToTsv.js';
import { readObj36 } from '../../../src/features/obj36Reader.js';
import type { FeatureRow } from '../../../src/features/row.js';
import { chooseSizes } from '../../../src/features/sources/arrowSizes.js';
import type { StatedSource } from '../../../src/features/sources/indexedRows.js';
import { openRowSource } from '../../../src/features/sources/openRowSource.js';
import { openShards } from '../../../src/features/storeFiles.js';
import { collect, errorOf, temporaryFolder } from '../support.js';
import { expectedRow, withoutLabels, withoutSizes } from './expected.js';

const folder = temporaryFolder();
const fixture = (name: string) => path.join(import.meta.dirname, 'fixtures', 'arrow', name);
let numPaths = 0;

async function convert(from: string, stated: StatedSource = {}) {
  const [store, tsv] = [path.join(folder, `store${numPaths}`), path.join(folder, `${numPaths++}.tsv`)];
  const source = await openRowSource(from, stated);
  if (source === undefined) throw new Error(`${from} is not recognised.`);
  const notices: string[] = [];
  try {
    await convertToStore(source, store, { dtype: 'float32', notice: (line) => notices.push(line) });
  } finally {
    source.close();
  }
  await convertToTsv(store, tsv);
  const rows = (await collect(readObj36(tsv))).map(({ row }) => row);
  const { settings } = openShards(store)[0]!.metadata.provenance;
  return { rows, settings, notice: notices.join(' ') };
}

/** A copy under another name, changed. */
function changed(name: string, change: (bytes: Buffer) => Buffer): string {
  const file = path.join(folder, `changed${numPaths++}.datasets`);
  writeFileSync(file, change(readFileSync(fixture(name))));
  return file;
}

const all = [0, 1, 2].map((p) => expectedRow(p));
const named = (rows: readonly FeatureRow[]) =>
  rows.map((row, p) => ({ ...row, imageId: String(42 + p) }) satisfies FeatureRow);

describe("an Arrow table of Hugging Face's LXMERT examples", () => {
  it('has boxes as shares, and sizes that are not those of the pictures', async () => {
    const file = path.join(folder, 'out.datasets');
    copyFileSync(fixture('extracted.arrow'), file);
    const { rows, settings, notice } = await convert(file);
    expect(rows).toEqual(named(all.map((row) => withoutSizes(row))));
    expect(settings).toEqual({ sizes: 'none' });
    expect(notice).toContain("as Hugging Face's LXMERT examples write them");
    expect(notice).toContain(
      "sizes, which are those of the network's input and not of the pictures, are left out",
    );
  });

  it('with the sizes of pictures stated is whole', async () => {
    const sizes = new Map(named(all).map(({ imageId, height, width }) => [imageId, { height, width }]));
    const { rows, settings } = await convert(fixture('extracted.arrow'), { sizes });
    expect(rows).toEqual(named(all));
    expect(settings).toEqual({});
  });

  it('with boxes in both units has the sizes by which they differ', async () => {
    const { rows, settings } = await convert(fixture('both.arrow'));
    expect(rows).toEqual(all);
    expect(settings).toEqual({});
  });

  it('with boxes in pixels of the sizes, whose order the boxes tell', async () => {
    const { rows, notice } = await convert(fixture('widths.arrow'));
    expect(rows).toEqual(all);
    expect(notice).toContain('sizes are width and height, as the boxes show');
  });

  it('that was saved in two files', async () => {
    const { rows } = await convert(fixture('saved'));
    expect(rows).toEqual(named(all.map((row) => withoutSizes(row))));
  });

  it('in the form of a file, float16, in one batch with columns that are not read', async () => {
    const { rows, settings } = await convert(fixture('file.arrow'));
    expect(rows).toEqual(named(all.map((row) => withoutLabels(row, 'none'))));
    expect(settings).toEqual({ labels: 'none' });
  });

  it.each(['packed.arrow', 'lz4.feather', 'zstd.feather'])('that is compressed: %s', async (name) => {
    const { rows, settings } = await convert(fixture(name));
    expect(rows).toEqual(named(all.map((row) => withoutLabels(row, 'none'))));
    expect(settings).toEqual({ labels: 'none' });
  });

  it.each(['coded', 'grown-stream', 'grown-file', 'replaced'])(
    'whose ids are places in a dictionary: %s',
    async (name) => {
      const { rows } = await convert(fixture(`${name}.arrow`));
      expect(rows).toEqual(named(all.map((row) => withoutLabels(row, 'none'))));
    },
  );

  it('of version 2 of Feather, in a folder', async () => {
    const feather = path.join(folder, `feather${numPaths++}`);
    mkdirSync(feather);
    copyFileSync(fixture('lz4.feather'), path.join(feather, 'a.feather'));
    expect((await convert(feather)).rows.map(({ imageId }) => imageId)).toEqual(['42', '43', '44']);
  });

  it('in the form of a file whose columns are named at its end alone, as apache-arrow for JavaScript writes it', async () => {
    const file = changed('file.arrow', (bytes) => {
      // Behind the mark stands the message of the schema: two words, of which one is its length, and its metadata.
      const schemaEnd = 16 + bytes.readUInt32LE(12);
      return Buffer.concat([bytes.subarray(0, 8), bytes.subarray(schemaEnd)]);
    });
    const { rows } = await convert(file);
    expect(rows).toEqual(named(all.map((row) => withoutLabels(row, 'none'))));
  });
});

describe('sizes of an Arrow table', () => {
  const boxesOf = (...values: number[]) => ({
    type: 'float32' as const,
    shape: [values.length / 4, 4],
    bytes: new Uint8Array(Float32Array.from(values).buffer),
  });
  const sizesOf = (a: number, b: number) => ({ ...boxesOf(a, b), shape: [2] });
  const choose = (x: number, y: number, a: number, b: number) =>
    chooseSizes('a.arrow', [{ boxes: boxesOf(0, 0, x, y), sizes: sizesOf(a, b) }], false);

  it.each<[string, number, number, number, number, string]>([
    ['shares', 1, 0.9, 800, 1067, 'shares'],
    ["pixels of the network's input", 1060, 700, 800, 1067, 'heightFirst'],
    ['pixels of pictures', 300, 470, 480, 640, 'heightFirst'],
    ['pixels of pictures, width first', 600, 470, 640, 480, 'widthFirst'],
  ])('for boxes that are %s', (_, x, y, a, b, expected) => {
    expect(choose(x, y, a, b)).toBe(expected);
  });

  it("are not taken where boxes are pixels of the pictures and they are the network's", () => {
    expect(() => choose(639, 479, 800, 1067)).toThrow(/but of the network's input.*--sizes-from FILE/);
    expect(() => choose(2000, 1500, 800, 1067)).toThrow(/--sizes-from FILE/);
  });
});

describe('another Arrow table', () => {
  const refuse = async (file: string) => (await errorOf(() => convert(file))).message;

  it('is told by its columns', async () => {
    expect(await refuse(fixture('questions.arrow'))).toContain(
      'not one of region features that is read here. Its columns are question_id: int64; question: string.',
    );
  });

  it('is refused when it is cut, wherever', async () => {
    const whole = readFileSync(fixture('extracted.arrow'));
    // The mark of the end takes the last eight bytes.
    for (let length = 16; length < whole.length - 8; length += 41)
      expect(await refuse(changed('extracted.arrow', (bytes) => bytes.subarray(0, length)))).toMatch(
        /is cut|no rows|cut short|names no columns|holds no/,
      );
    expect(await refuse(changed('file.arrow', (bytes) => bytes.subarray(0, -6)))).toContain(
      'its end is missing',
    );
  });

  it('says that its writer was stopped', async () => {
    const { rows, notice } = await convert(changed('extracted.arrow', (bytes) => bytes.subarray(0, -8)));
    expect(rows).toHaveLength(3);
    expect(notice).toContain('ends without its mark');
  });

  it('is refused when it goes on behind its end', async () => {
    expect(await refuse(changed('extracted.arrow', (bytes) => Buffer.concat([bytes, bytes])))).toMatch(
      /4928 bytes follow the mark of its end/,
    );
  });

  it('is refused when what is compressed is damaged or states a length that it cannot have', async () => {
    const whole = readFileSync(fixture('lz4.feather'));
    // The features of the last picture: before each frame stands the length that it unpacks to.
    const frame = whole.lastIndexOf('400000000000000004224d18', undefined, 'hex') + 8;
    const altered = (at: number, byte: number) =>
      changed('lz4.feather', (bytes) =>
        Buffer.concat([bytes.subarray(0, at), Buffer.of(byte), bytes.subarray(at + 1)]),
      );
    expect(await refuse(altered(frame - 3, 1))).toMatch(
      /a buffer of \d+ bytes states that it unpacks to \d{13}/,
    );
    expect(await refuse(altered(frame, 0))).toContain(
      'what LZ4 packed is damaged: it does not begin as LZ4 does',
    );
  });

  it('is refused where an id stands at a place that its dictionary does not have', async () => {
    const whole = readFileSync(fixture('coded.arrow'));
    // Three numbers of 32 bits, filled up to 16 bytes; the schema and the batch's metadata have none such behind them.
    const places = whole.lastIndexOf('00000000010000000200000000000000', undefined, 'hex');
    const named = (place: number) =>
      changed('coded.arrow', (bytes) => {
        bytes.writeInt32LE(place, places + 4);
        return bytes;
      });
    expect(await refuse(named(3))).toContain('it names place 3 of a dictionary of 3 values');
    expect(await refuse(named(-1))).toContain('it names place -1 of a dictionary of 3 values');
  });

  it('is refused where a dictionary is added to before it begins, or is there twice in the form of a file', async () => {
    // Without all between the columns and the first message that has a picture's id in it, which is that of the ids.
    const late = changed('grown-stream.arrow', (bytes) => {
      const starts = [...bytes.keys()].filter((at) => at % 8 === 0 && bytes.readUInt32LE(at) === 0xffffffff);
      const afterFirstId = starts.find((at) => at > bytes.indexOf('42')) as number;
      return Buffer.concat([bytes.subarray(0, starts[1]), bytes.subarray(afterFirstId)]);
    });
    expect(await refuse(late)).toContain('is added to before it begins');
    const file = changed('replaced.arrow', (bytes) =>
      Buffer.concat([Buffer.from('ARROW1\0\0'), bytes, Buffer.from('ARROW1')]),
    );
    expect(await refuse(file)).toMatch(/its dictionary \d is there twice/);
  });

  it('is refused when its metadata promise more than there is, before anything is read for it', async () => {
    const far = (at: number, value: number) => (bytes: Buffer) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt32LE(value, at);
      return copy;
    };
    const schemaBytes = readFileSync(fixture('extracted.arrow')).readUInt32LE(4);
    expect(await refuse(changed('extracted.arrow', far(4, 0xff00)))).toContain('it is cut at byte 8');
    expect(await refuse(changed('extracted.arrow', far(8 + schemaBytes + 4, 0x7fffff00)))).toContain(
      'states metadata of 2147483392 bytes, which no table has',
    );
    expect(await refuse(changed('extracted.arrow', far(4, schemaBytes + 8)))).toContain(
      'cannot be read as an Arrow',
    );
  });

  it('is refused when the files of a folder do not belong together', async () => {
    const both = path.join(folder, `mixed${numPaths++}`);
    mkdirSync(both);
    copyFileSync(fixture('extracted.arrow'), path.join(both, 'a.arrow'));
    copyFileSync(fixture('file.arrow'), path.join(both, 'b.arrow'));
    expect(await refuse(both)).toContain('b.arrow has other columns than');
  });
});
