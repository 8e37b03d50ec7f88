import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ConvertResult, convertToStore } from '../../src/features/convertToStore.js';
import { convertToTsv } from '../../src/features/convertToTsv.js';
import { readRow } from '../../src/features/readRow.js';
import type { StatedSource } from '../../src/features/sources/indexedRows.js';
import { findFormat, openRowSource } from '../../src/features/sources/openRowSource.js';
import { readPictureSizes } from '../../src/features/sources/pictureSizes.js';
import type { RowSource } from '../../src/features/sources/rowSource.js';
import { openShards } from '../../src/features/storeFiles.js';
import { verifyStore } from '../../src/features/verifyStore.js';
import { errorOf, temporaryFolder } from './support.js';

const here = path.join(import.meta.dirname, 'hdf5');
const folder = temporaryFolder();
let numPaths = 0;
const newPath = () => path.join(folder, `out${numPaths++}`);
const fixture = (name: string) => path.join(here, name);
const sizes = readPictureSizes(fixture('sizes.json'));

async function opened(file: string, stated: StatedSource = {}): Promise<RowSource> {
  const source = await openRowSource(file, stated);
  if (source === undefined) throw new Error(`${file} is not recognised`);
  return source;
}

async function converted(file: string, store: string, stated: StatedSource = {}): Promise<ConvertResult> {
  const source = await opened(file, stated);
  try {
    return await convertToStore(source, store, { dtype: 'float32', shardImages: 2 });
  } finally {
    source.close();
  }
}

/** A folder with copies of some fixtures, one of them altered. */
function altered(names: readonly string[], change?: (copy: string) => void): string {
  const copy = newPath();
  mkdirSync(copy);
  for (const name of names) copyFileSync(fixture(name), path.join(copy, name));
  change?.(copy);
  return path.join(copy, names[0] as string);
}

/** Replaces the only place of some bytes. */
function replaceBytes(file: string, from: Buffer, to: Buffer): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(from);
  if (at < 0 || bytes.indexOf(from, at + 1) >= 0) throw new Error('the bytes are not there once');
  to.copy(bytes, at);
  writeFileSync(file, bytes);
}

const labels = { labels: 'none' };

describe.each([
  ['vlt5_obj36.h5', 'vlt5_obj36.tsv', {}, {}],
  ['volta_boxes36.h5', 'volta_boxes36.tsv', {}, labels],
  ['train36.hdf5', 'train36.tsv', {}, labels],
  ['train.hdf5', 'train.tsv', {}, labels],
  ['gqa', 'train.tsv', {}, labels],
  ['coco_detections.hdf5', 'coco_detections.tsv', { sizes }, labels],
  ['visdial.h5', 'visdial.tsv', { sizes }, labels],
] as const)('%s, as its program writes it', (name, table, stated, settings) => {
  it('goes to a store and back to the numbers that its maker wrote', async () => {
    const [store, back] = [newPath(), newPath()];
    expect(await converted(fixture(name), store, stated)).toMatchObject({ numImages: 3, numShards: 2 });
    expect((await verifyStore(store)).problems).toEqual([]);
    expect(openShards(store)[0]?.metadata.provenance).toMatchObject({ source: name, settings });
    await convertToTsv(store, back);
    expect(readFileSync(back, 'latin1').replaceAll('\r', '')).toBe(
      readFileSync(fixture(table), 'latin1').replaceAll('\r', ''),
    );
  });

  it('goes on after an interruption', async () => {
    const [whole, store] = [newPath(), newPath()];
    await converted(fixture(name), whole, stated);
    mkdirSync(store);
    copyFileSync(path.join(whole, 'shard-00000.safetensors'), path.join(store, 'shard-00000.safetensors'));
    expect(await converted(fixture(name), store, stated)).toMatchObject({ numResumed: 2, numImages: 3 });
    const last = 'shard-00001.safetensors';
    expect(readFileSync(path.join(store, last)).equals(readFileSync(path.join(whole, last)))).toBe(true);
  });

  it('gives one picture by its id', async () => {
    const source = await opened(fixture(name), stated);
    const id = (await source.idAt({ start: 1, line: 2 })) as string;
    const row = await source.find?.(id);
    expect(row).toMatchObject({ imageId: id });
    source.close();
    if ('sizes' in stated) return;
    expect((await readRow(fixture(name), id)).row).toEqual(row);
    expect((await errorOf(() => readRow(fixture(name), 'another'))).message).toContain(
      'has no row for image another',
    );
  });
});

describe('what is missing', () => {
  it('sizes: boxes in pixels are refused with the flag', async () => {
    for (const name of ['coco_detections.hdf5', 'visdial.h5'])
      expect((await errorOf(() => opened(fixture(name)))).message).toContain('--sizes-from FILE');
  });

  it('boxes in pixels: shares stand for them in a picture of 1 x 1, with a mark', async () => {
    const file = altered(['train36.hdf5', 'train36_imgid2idx.pkl'], (copy) => {
      replaceBytes(path.join(copy, 'train36.hdf5'), Buffer.from('image_bb\0'), Buffer.from('other_bb\0'));
    });
    const store = newPath();
    await converted(file, store);
    const [shard] = openShards(store);
    expect(shard?.metadata.provenance.settings).toEqual({ labels: 'none', sizes: 'none' });
    const { row } = await readRow(store, '9');
    const whole = (await readRow(fixture('train36.hdf5'), '9')).row;
    expect([row.width, row.height]).toEqual([1, 1]);
    for (const [i, value] of row.boxes.entries())
      expect(value).toBeCloseTo((whole.boxes[i] as number) / (i % 2 === 0 ? 640 : 480), 6);
  });

  it('ids: the way to name them', async () => {
    const error = await errorOf(() => opened(altered(['train36.hdf5'])));
    expect(error).toMatchObject({ exitCode: 2 });
    expect(error.message).toMatch(
      /no .*train36_imgid2idx\.pkl or .*train36_imgid2idx\.json\. Name it with --row-ids FILE of lxmert features convert/,
    );
    const rowIds = path.join(folder, 'ids.json');
    writeFileSync(rowIds, '{"a": 1, "b": 0}');
    const source = await opened(altered(['train36.hdf5']), { rowIds });
    expect(source.notes[0]).toContain('ids from ids.json');
    expect(source.notes).toContain('1 of 3 rows have no id and are left out');
    expect(await source.idAt({ start: 0, line: 1 })).toBe('b');
    source.close();
  });

  it.each([
    ['{"a": 0, "b": 0}', 'images a and b have the same row 0.'],
    ['{"a": 7}', 'image a should have a row from 0 to 2; it has 7.'],
    ['{"a": "x"}', 'should hold image ids with the number of their rows'],
    ['{"a": ', 'as a pickle or JSON of ids and rows; it cannot be read'],
  ])('ids that are %s are refused', async (text, message) => {
    const rowIds = path.join(folder, 'wrong.json');
    writeFileSync(rowIds, text);
    expect((await errorOf(() => opened(fixture('train36.hdf5'), { rowIds }))).message).toContain(message);
  });
});

describe('boxes', () => {
  it('of GQA that are a corner and a size are told from two corners', async () => {
    const copy = newPath();
    cpSync(fixture('gqa'), copy, { recursive: true });
    const given = await opened(copy);
    const wanted = (await given.find?.('9'))?.boxes as Float32Array;
    given.close();
    for (const number of [0, 1]) {
      const file = path.join(copy, `gqa_objects_${number}.h5`);
      const bytes = readFileSync(file);
      const rows = readFileSync(fixture('train.tsv'), 'latin1').trim().split('\r\n');
      for (const line of number === 0 ? rows.slice(0, 2) : rows.slice(2)) {
        const from = Buffer.from(line.split('\t')[8] as string, 'base64');
        const at = bytes.indexOf(from);
        for (let i = 0; i < from.length; i += 16)
          for (const k of [0, 4])
            bytes.writeFloatLE(from.readFloatLE(i + 8 + k) - from.readFloatLE(i + k), at + i + 8 + k);
      }
      writeFileSync(file, bytes);
    }
    const source = await opened(copy);
    expect(source.notes).toContain('boxes are x, y, width, height in pixels');
    const found = (await source.find?.('9'))?.boxes as Float32Array;
    for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 3);
    source.close();
  });

  it('in pixels and as shares that are not the same are refused', async () => {
    const file = altered(['train36.hdf5', 'train36_imgid2idx.pkl'], (copy) => {
      const name = path.join(copy, 'train36.hdf5');
      const [line] = readFileSync(fixture('train36.tsv'), 'latin1').split('\r\n') as [string];
      const boxes = Buffer.from(line.split('\t')[8] as string, 'base64');
      const changed = Buffer.from(boxes);
      changed.writeFloatLE(changed.readFloatLE(16) + 5, 16);
      replaceBytes(name, boxes, changed);
    });
    const error = await errorOf(() => converted(file, newPath()));
    expect(error.message).toContain(
      'train36.hdf5, row 0 (image 573195): image_bb and spatial_features should be the same boxes',
    );
  });
});

describe('what is no such file', () => {
  it('names a dataset that is missing, or of another shape, with the picture', async () => {
    const file = altered(['vlt5_obj36.h5'], (copy) => {
      const name = path.join(copy, 'vlt5_obj36.h5');
      const bytes = readFileSync(name);
      // The last group's boxes go by another name.
      bytes.write('foxes', bytes.lastIndexOf('boxes\0'));
      writeFileSync(name, bytes);
    });
    const error = await errorOf(() => converted(file, newPath()));
    expect(error.message).toMatch(
      /vlt5_obj36\.h5, group COCO_train2014_\d+ \(image COCO_train2014_\d+\): there is no boxes, which should be numbers of \d x 4\./,
    );
  });

  it('lists what an HDF5 file of something else holds', async () => {
    const copy = newPath();
    mkdirSync(copy);
    const file = path.join(copy, 'other.h5');
    const bytes = readFileSync(fixture('visdial.h5'));
    for (const [from, to] of [['image_ids\0', 'other_ids\0']] as const)
      bytes.write(to, bytes.indexOf(from), 'latin1');
    writeFileSync(file, bytes);
    const error = await errorOf(() => opened(file));
    expect(error).toMatchObject({ exitCode: 2 });
    expect(error.message).toContain(
      'It holds boxes (float32 of 3 x 3 x 4); classes (float32 of 3 x 3); features (float32 of 3 x 3 x 8); other_ids (int64 of 3); scores (float32 of 3 x 3).',
    );
  });

  it("states GQA's detector, which is another than LXMERT's", async () => {
    const source = await opened(fixture('gqa'));
    expect(source.detector).toBe('gqa-objects');
    source.close();
  });

  it("wants GQA's other files", async () => {
    const copy = newPath();
    mkdirSync(copy);
    copyFileSync(fixture('gqa/gqa_objects_0.h5'), path.join(copy, 'gqa_objects_0.h5'));
    expect((await errorOf(() => opened(path.join(copy, 'gqa_objects_0.h5')))).message).toContain(
      'Give the folder that holds them all.',
    );
    copyFileSync(fixture('gqa/gqa_objects_info.json'), path.join(copy, 'gqa_objects_info.json'));
    expect((await errorOf(() => opened(copy))).message).toContain('such as gqa_objects_1.h5');
    const alone = await opened(path.join(copy, 'gqa_objects_0.h5'));
    expect(alone.estimateRows({ start: 0, end: 1, line: 1 }, 1)).toBe(2);
    alone.close();
  });

  it("says what of GQA's entries is not there", async () => {
    const copy = newPath();
    cpSync(fixture('gqa'), copy, { recursive: true });
    const file = path.join(copy, 'gqa_objects_info.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"width"', '"wide"'));
    expect((await errorOf(() => opened(copy))).message).toMatch(
      /width should be a whole number from 1 to 1000000; found nothing\.$/,
    );
  });

  it('refuses a cut file at the start', async () => {
    const file = altered(['vlt5_obj36.h5'], (copy) => {
      const name = path.join(copy, 'vlt5_obj36.h5');
      writeFileSync(name, readFileSync(name).subarray(0, 9000));
    });
    expect(findFormat(file)?.name).toBe('HDF5 files');
    expect((await errorOf(() => opened(file))).message).toContain('of which only 9000 are there');
  });
});

describe('sizes of pictures', () => {
  it.each([
    ['[{"image_id": 9, "width": 640, "height": 480, "url": "u"}]', '9'],
    ['{"9": {"width": 640, "height": 480, "objects": {}}}', '9'],
    ['{"images": [{"id": 9, "file_name": "COCO_a_9.jpg", "width": 640, "height": 480}]}', 'COCO_a_9'],
    ['a/9\t[{"height": 480, "width": 640}]\n', 'a/9'],
  ])('are read from %s', (text, id) => {
    const file = path.join(folder, 'sizes.json');
    writeFileSync(file, text);
    expect(readPictureSizes(file).get(id)).toEqual({ height: 480, width: 640 });
  });

  it('that are none are refused', async () => {
    const file = path.join(folder, 'none.json');
    for (const text of ['[]', '{"9": {"width": 0, "height": 4}}', '[1, 2', 'a line', 'a\tline']) {
      writeFileSync(file, text);
      expect((await errorOf(() => readPictureSizes(file))).message).toContain('none.json');
    }
    expect(await errorOf(() => readPictureSizes(path.join(folder, 'missing')))).toMatchObject({
      exitCode: 2,
    });
  });
});
