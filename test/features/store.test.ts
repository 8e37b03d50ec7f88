/** @file Stores on disk: writing directly, opening, damage of every kind, info and verification. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FeatureRow } from '../../src/features/row.js';
import { openShard } from '../../src/features/shardFile.js';
import { readShardRows } from '../../src/features/shardRows.js';
import { openShards } from '../../src/features/storeFiles.js';
import { StoreIndex } from '../../src/features/storeIndex.js';
import { formatStoreInfo, storeInfo } from '../../src/features/storeInfo.js';
import { FeatureStoreWriter, type StoreWriterOptions } from '../../src/features/storeWriter.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { formatVerifyResult, verifyStore } from '../../src/features/verifyStore.js';
import { formatBytes } from '../../src/formats/numbers.js';
import { collect, errorOf, makeRow, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let numStores = 0;

async function storeOf(
  rows: readonly FeatureRow[],
  options: Partial<StoreWriterOptions> = {},
): Promise<string> {
  const store = path.join(folder, `store${numStores++}`);
  const writer = await FeatureStoreWriter.create(store, {
    provenance: unknownProvenance,
    numBoxes: 4,
    dtype: 'float32',
    shardImages: 4,
    ...options,
  });
  for (const row of rows) await writer.add(row);
  await writer.finish();
  return store;
}

/** Reads the header as any safetensors reader would, with nothing of the code under test. */
function plainHeader(file: string): { header: Record<string, unknown>; data: Buffer } {
  const bytes = readFileSync(file);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  return {
    header: JSON.parse(bytes.toString('utf8', 8, end)) as Record<string, unknown>,
    data: bytes.subarray(end),
  };
}

function withHeader(
  file: string,
  change: (header: Record<string, Record<string, unknown>>) => unknown,
): void {
  const { header, data } = plainHeader(file);
  change(header as Record<string, Record<string, unknown>>);
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(file, Buffer.concat([length, json, data]));
}

/** Writes one number into the first shard's tensor. */
function poke(
  store: string,
  tensor: string,
  index: number,
  write: (data: Buffer, at: number, width: number) => void,
): void {
  const file = path.join(store, 'shard-00000.safetensors');
  const { header } = plainHeader(file);
  const { dtype, data_offsets: offsets } = header[tensor] as {
    dtype: string;
    data_offsets: [number, number];
  };
  const bytes = readFileSync(file);
  const width = { F16: 2, F32: 4, I64: 8 }[dtype] as number;
  write(bytes, bytes.length - plainHeader(file).data.length + offsets[0] + index * width, width);
  writeFileSync(file, bytes);
}

describe('a store written row by row', () => {
  it('is safetensors with the documented tensors, aligned, and the values of the rows', async () => {
    const rows = [makeRow(1), makeRow(2, { numBoxes: 2 })];
    const store = await storeOf(rows);
    const { header, data } = plainHeader(path.join(store, 'shard-00000.safetensors'));
    const shapes = Object.entries(header).map(([name, value]) => {
      const { dtype, shape } = value as { dtype?: string; shape?: number[] };
      return [name, dtype, shape?.join()];
    });
    expect(shapes).toEqual([
      ['__metadata__', undefined, undefined],
      ['features', 'F32', '2,4,6'],
      ['objects_id', 'I64', '2,4'],
      ['attrs_id', 'I64', '2,4'],
      ['num_boxes', 'I64', '2'],
      ['sizes', 'I64', '2,2'],
      ['boxes', 'F32', '2,4,4'],
      ['objects_conf', 'F32', '2,4'],
      ['attrs_conf', 'F32', '2,4'],
    ]);
    const file = readFileSync(path.join(store, 'shard-00000.safetensors'));
    expect((file.length - data.length) % 64).toBe(0);
    const values = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + 2 * 24 * 4));
    expect(Array.from(values.subarray(0, 24))).toEqual(Array.from(rows[0]!.features));
    expect(Array.from(values.subarray(24))).toEqual([...rows[1]!.features, ...new Array<number>(12).fill(0)]);
    const metadata = header.__metadata__ as Record<string, string>;
    expect(JSON.parse(metadata.imageIds!)).toEqual(['image_1', 'image_2']);
    expect(Object.values(metadata).every((value) => typeof value === 'string')).toBe(true);
  });

  it('refuses a folder that holds a store, wrong numbers, repeated images and no images', async () => {
    const store = await storeOf(makeRows(2));
    const create = (where: string, options: Partial<StoreWriterOptions>) =>
      FeatureStoreWriter.create(where, { provenance: unknownProvenance, numBoxes: 4, ...options });
    expect((await errorOf(() => create(store, {}))).message).toContain('already holds a feature store');
    for (const options of [{ numBoxes: 0 }, { numBoxes: 1.5 }, { shardImages: 0 }, { shardImages: 1e6 }])
      expect((await errorOf(() => create(path.join(folder, 'none'), options))).exitCode).toBe(2);
    const writer = await create(path.join(folder, 'direct'), {});
    expect((await errorOf(() => writer.finish())).message).toContain('No images were given');
    await writer.add(makeRow(1));
    expect(writer.has('image_1')).toBe(true);
    expect((await errorOf(() => writer.add(makeRow(1)))).message).toContain(
      'image_1 is already in the store',
    );
    const bad = makeRow(2);
    bad.features[3] = Number.NaN;
    expect((await errorOf(() => writer.add(bad))).message).toContain('features holds NaN at value 3');
    await writer.abandon();
    expect(readdirSync(path.join(folder, 'direct'))).toEqual([]);
  });
});

describe('opening', () => {
  it('takes a folder or one shard by itself', async () => {
    const rows = makeRows(10);
    const store = await storeOf(rows);
    expect(await collect(readShardRows(openShards(store)))).toEqual(rows);
    const second = openShards(path.join(store, 'shard-00001.safetensors'));
    expect(await collect(readShardRows(second))).toEqual(rows.slice(4, 8));
  });

  it.each([
    ['a missing path', path.join(folder, 'nowhere'), 'There is no feature store'],
    ['a folder without shards', folder, 'holds no feature shards (shard-00000.safetensors and so on)'],
  ])('refuses %s as wrong use', async (_, where, message) => {
    const error = await errorOf(() => openShards(where));
    expect(error.message).toContain(message);
    expect(error.exitCode).toBe(2);
  });

  it('tells what to do with a TSV file', async () => {
    const file = path.join(folder, 'some.tsv');
    writeFileSync(file, 'image_1\t480\t640\tAAAA\n');
    expect((await errorOf(() => openShards(file))).message).toContain(
      `lxmert features convert ${file} FOLDER`,
    );
  });

  it('notices lost, renamed and foreign shards', async () => {
    const damage: [(store: string) => Promise<void> | void, string][] = [
      [(store) => rmSync(path.join(store, 'shard-00001.safetensors')), 'shard-00001.safetensors is missing'],
      [(store) => rmSync(path.join(store, 'shard-00002.safetensors')), 'its last shard is missing'],
      [
        (store) =>
          renameSync(
            path.join(store, 'shard-00002.safetensors'),
            path.join(store, 'shard-00001.safetensors'),
          ),
        'says that it is number 2; it was renamed',
      ],
      [
        async (store) => {
          const other = await storeOf(makeRows(10, { featureSize: 7 }));
          renameSync(
            path.join(other, 'shard-00001.safetensors'),
            path.join(store, 'shard-00001.safetensors'),
          );
        },
        '4 boxes of 6 float32 values in',
      ],
      [
        async (store) => {
          const other = await storeOf(makeRows(8));
          renameSync(
            path.join(other, 'shard-00001.safetensors'),
            path.join(store, 'shard-00001.safetensors'),
          );
        },
        'is marked as the last shard, but more follow',
      ],
    ];
    for (const [harm, message] of damage) {
      const store = await storeOf(makeRows(10));
      await harm(store);
      expect((await errorOf(() => openShards(store))).message).toContain(message);
    }
  });
});

describe('a damaged shard', () => {
  const huge = (n: bigint) => {
    const bytes = Buffer.alloc(16, ' ');
    bytes.writeBigUInt64LE(n);
    return bytes;
  };

  it.each<[string, (file: string) => void, string]>([
    ['cut off', (file) => truncateSync(file, readFileSync(file).length - 1), 'it is cut off'],
    ['cut off in the header', (file) => truncateSync(file, 100), 'but the file ends after 100 bytes'],
    ['cut off in the length', (file) => truncateSync(file, 5), 'it holds only 5 bytes'],
    ['empty', (file) => truncateSync(file, 0), 'empty (0 bytes)'],
    [
      'followed by other bytes',
      (file) => writeFileSync(file, 'xx', { flag: 'a' }),
      'bytes that belong to no tensor',
    ],
    [
      'with an absurd header length',
      (file) => writeFileSync(file, huge(2n ** 63n)),
      'are not the length of a safetensors',
    ],
    [
      'with a length beyond its end',
      (file) => writeFileSync(file, huge(50_000_000n)),
      'but the file ends after 16',
    ],
    ['of text', (file) => writeFileSync(file, '<html>not found</html>'), 'a web page (HTML)'],
    ['with a header that is not JSON', (file) => writeFileSync(file, huge(8n)), 'its header is not JSON'],
    [
      'with a header that is a list',
      (file) => writeFileSync(file, Buffer.concat([huge(2n).subarray(0, 8), Buffer.from('[]')])),
      'not a JSON object',
    ],
    [
      'without a tensor',
      (file) => withHeader(file, (h) => delete h.attrs_conf),
      'bytes that belong to no tensor',
    ],
    [
      'of an unknown type',
      (file) => withHeader(file, (h) => (h.boxes!.dtype = 'F8')),
      'its header is wrong at boxes',
    ],
    [
      'with a negative offset',
      (file) => withHeader(file, (h) => (h.boxes!.data_offsets = [-8, 0])),
      'wrong at boxes',
    ],
    [
      'with overlapping tensors',
      (file) => withHeader(file, (h) => (h.boxes!.data_offsets = [0, 256])),
      'not at',
    ],
    [
      'with a shape that does not fit',
      (file) => withHeader(file, (h) => (h.boxes!.shape = [4, 4, 5])),
      'cannot lie at bytes',
    ],
    [
      'with a shape that overflows',
      (file) => withHeader(file, (h) => (h.boxes!.shape = [2 ** 40, 2 ** 40, 0.25])),
      'wrong at boxes',
    ],
    [
      'with swapped tensors',
      (file) => withHeader(file, (h) => ([h.objects_conf, h.boxes] = [h.boxes!, h.objects_conf!])),
      'its tensor boxes should have type F32 and shape',
    ],
    [
      'of a later version',
      (file) => withHeader(file, (h) => (h.__metadata__!.formatVersion = '9')),
      'it has format version 9',
    ],
    [
      'of no version',
      (file) => withHeader(file, (h) => delete h.__metadata__!.formatVersion),
      'its header states no format version',
    ],
    [
      'of a version of a thousand digits',
      (file) => withHeader(file, (h) => (h.__metadata__!.formatVersion = '9'.repeat(1000))),
      `it has format version ${'9'.repeat(100)}...; this`,
    ],
    [
      'with broken ids',
      (file) => withHeader(file, (h) => (h.__metadata__!.imageIds = '{"a"')),
      'metadata imageIds of its header is missing or not JSON',
    ],
    [
      'with ids that are numbers',
      (file) => withHeader(file, (h) => (h.__metadata__!.imageIds = '[1,2]')),
      'metadata imageIds of its header is wrong',
    ],
    [
      'with too few ids',
      (file) => withHeader(file, (h) => (h.__metadata__!.imageIds = '["a"]')),
      'for the 1 images it lists',
    ],
    [
      'with no ids',
      (file) => withHeader(file, (h) => (h.__metadata__!.imageIds = '[]')),
      'it lists 0 images',
    ],
    [
      'with an empty id',
      (file) => withHeader(file, (h) => (h.__metadata__!.imageIds = '["a","b","c",""]')),
      'img_id is empty',
    ],
    [
      'with metadata that is no text',
      (file) => withHeader(file, (h) => (h.__metadata__!.shard = {})),
      'wrong at __metadata__',
    ],
    [
      'with broken provenance',
      (file) => withHeader(file, (h) => (h.__metadata__!.provenance = '{}')),
      'metadata provenance of its header is wrong',
    ],
  ])('%s is refused with its name', async (_, harm, message) => {
    const store = await storeOf(makeRows(4));
    const file = path.join(store, 'shard-00000.safetensors');
    harm(file);
    const error = await errorOf(() => openShard(file));
    expect(error.name).toBe('LxmertError');
    expect(error.message).toContain(`${file} is `);
    expect(error.message).toContain(message);
    // Verification reports the same instead of failing.
    const { problems, numImages } = await verifyStore(store);
    expect(problems.map((problem) => problem.message)).toEqual([error.message]);
    expect(numImages).toBe(0);
  });

  it('says of a safetensors file of another kind where it belongs, and of other keys which are wrong', async () => {
    const store = await storeOf(makeRows(4));
    const file = path.join(store, 'shard-00000.safetensors');
    withHeader(file, (h) => (h.__metadata__!.provenance = '{"detector":3,"settings":{}}'));
    expect((await errorOf(() => openShard(file))).message).toContain(
      "provenance of its header is wrong: key 'detector': expected text, found 3.",
    );
    withHeader(file, (h) => delete h.__metadata__);
    const { message } = await errorOf(() => openShard(file));
    expect(message).toContain(`${file} is a safetensors file of another kind`);
    expect(message).toContain('lxmert checkpoint info');
  });
});

describe('verification', () => {
  it('finds nothing wrong with sound stores', async () => {
    const rows = makeRows(9).map((row, i) => (i === 3 ? makeRow(3, { numBoxes: 2 }) : row));
    for (const dtype of ['float16', 'float32'] as const) {
      const store = await storeOf(rows, { dtype });
      const result = await verifyStore(store);
      expect(result).toEqual({
        path: store,
        numImages: 9,
        numShards: 3,
        numShortImages: 1,
        values: expect.objectContaining({ numNonFinite: 0, min: 0 }),
        reach: expect.anything(),
        problems: [],
        numProblems: 0,
      });
      // The largest values and the outermost corners of the rows themselves.
      const largest = Math.max(...rows.flatMap((row) => [...row.features]));
      expect(result.values.max).toBeCloseTo(largest, dtype === 'float16' ? 1 : 5);
      const xs = rows.flatMap(({ boxes, width }) =>
        [...boxes].filter((_, i) => i % 4 === 2).map((x) => x / width),
      );
      expect(result.reach.x).toBeCloseTo(Math.max(...xs), 5);
      const lines = formatVerifyResult(result).split('\n');
      expect(lines[0]).toMatch(/^features 0 to 29\.\d, \d+\.\d % zeros$/);
      expect(lines[1]).toMatch(/^boxes {4}reach [\d.]+ % of the width and [\d.]+ % of the height/);
      expect(lines[2]).toBe(
        `${store}: 9 images in 3 shards, 1 with fewer boxes than there is room for; nothing is wrong.`,
      );
    }
  });

  it.each<[string, 'float16' | 'float32', string, number, (data: Buffer, at: number) => void, string]>([
    [
      'an infinite feature',
      'float16',
      'features',
      30,
      (data, at) => data.writeUInt16LE(0x7c00, at),
      'features of box 1 are not finite.',
    ],
    [
      'a NaN feature',
      'float32',
      'features',
      30,
      (data, at) => data.writeFloatLE(Number.NaN, at),
      'features holds NaN at value 6',
    ],
    ['a box outside', 'float16', 'boxes', 18, (data, at) => data.writeFloatLE(9e9, at), 'box 0'],
    [
      'an impossible number of boxes',
      'float16',
      'num_boxes',
      1,
      (data, at) => data.writeBigInt64LE(5n, at),
      'num_boxes is 5; expected 1 to 4.',
    ],
    [
      'a negative number of boxes',
      'float16',
      'num_boxes',
      1,
      (data, at) => data.writeBigInt64LE(-5n, at),
      'num_boxes is -5',
    ],
    [
      'fewer boxes than are stored',
      'float16',
      'num_boxes',
      1,
      (data, at) => data.writeBigInt64LE(2n, at),
      'features holds values beyond its 2 boxes',
    ],
    [
      'an impossible size',
      'float16',
      'sizes',
      2,
      (data, at) => data.writeBigInt64LE(0n, at),
      'img_h should be a whole number',
    ],
    [
      'a negative label',
      'float16',
      'objects_id',
      5,
      (data, at) => data.writeBigInt64LE(-2n, at),
      'objects_id should hold class numbers from 0; found -2.',
    ],
    [
      'a NaN confidence',
      'float16',
      'attrs_conf',
      5,
      (data, at) => data.writeFloatLE(Number.NaN, at),
      'attrs_conf holds NaN at value 1',
    ],
  ])('reports %s with shard and image', async (_, dtype, tensor, index, write, message) => {
    const store = await storeOf(makeRows(5), { dtype });
    poke(store, tensor, index, write);
    const { problems } = await verifyStore(store);
    const shard = path.join(store, 'shard-00000.safetensors');
    expect(problems[0]?.message).toContain('the checksum in its header is');
    expect(problems[1]).toMatchObject({ shard, imageId: 'image_1' });
    expect(problems[1]?.message).toContain(message);
    expect(problems).toHaveLength(2);
  });

  it.each([
    ['json.dumps(ids)', true],
    ['json.dumps(ids, ensure_ascii=False)', false],
  ])('takes a checksum over the list of ids as Python writes it, %s', async (_, ensureAscii) => {
    const store = await storeOf(['caf\u00e9', 'b "quoted"'].map((imageId, i) => makeRow(i, { imageId })));
    const file = path.join(store, 'shard-00000.safetensors');
    const { data } = plainHeader(file);
    const text = `["${ensureAscii ? 'caf\\u00e9' : 'caf\u00e9'}", "b \\"quoted\\""]`;
    withHeader(file, (h) => {
      h.__metadata__!.imageIds = text;
      h.__metadata__!.sha256 = createHash('sha256').update(data).update(text).digest('hex');
    });
    expect((await verifyStore(store)).problems).toEqual([]);
    withHeader(file, (h) => delete h.__metadata__!.sha256);
    expect((await verifyStore(store)).problems[0]?.message).toContain('has no checksum (sha256)');
  });

  it('finds a changed value that looks sound, and a changed id, by the checksum', async () => {
    const store = await storeOf(makeRows(3));
    poke(store, 'features', 1, (data, at) => data.writeFloatLE(0.125, at));
    expect((await verifyStore(store)).numProblems).toBe(1);
    const renamed = await storeOf(makeRows(3));
    const file = path.join(renamed, 'shard-00000.safetensors');
    withHeader(file, (h) => (h.__metadata__!.imageIds = '["image_0","image_1","image_9"]'));
    const result = await verifyStore(renamed);
    expect(result.numProblems).toBe(1);
    expect(formatVerifyResult(result)).toContain(`${renamed}: 3 images in 1 shard; 1 problem.`);
  });

  it('finds an image that two shards list, and counts what it does not print', async () => {
    const store = await storeOf(makeRows(8));
    const file = path.join(store, 'shard-00001.safetensors');
    withHeader(file, (h) => (h.__metadata__!.imageIds = '["image_0","image_5","image_6","image_7"]'));
    const messages = (await verifyStore(store)).problems.map((problem) => problem.message);
    expect(messages[0]).toBe('the store lists this image twice.');
    const many = await storeOf(makeRows(150), { shardImages: 150 });
    for (let i = 0; i < 150; i++) poke(many, 'num_boxes', i, (data, at) => data.writeBigInt64LE(0n, at));
    const result = await verifyStore(many);
    expect([result.problems.length, result.numProblems]).toEqual([100, 151]);
    expect(formatVerifyResult(result)).toContain('\nand 51 more\n');
  });

  it('reports progress, and a store that is not there as wrong use', async () => {
    const seen: number[] = [];
    await verifyStore(await storeOf(makeRows(9)), {
      progress: { update: (done, total) => seen.push(done, total) },
    });
    expect(seen).toEqual([4, 9, 8, 9, 9, 9]);
    expect((await errorOf(() => verifyStore(path.join(folder, 'nowhere')))).exitCode).toBe(2);
    const store = await storeOf(makeRows(2));
    const error = await errorOf(() => verifyStore(store, { signal: AbortSignal.abort() }));
    expect(error.name).toBe('AbortError');
  });
});

describe('info', () => {
  it('says what a store holds', async () => {
    const weightsSha256 = 'ab'.repeat(32);
    const provenance = {
      detector: 'bottom-up-attention',
      weightsSha256,
      settings: { profile: 'caffe-exact', boxes: 36 },
      source: 'a.tsv',
      createdBy: 'test',
    };
    const store = await storeOf(makeRows(9), { provenance, dtype: 'float16' });
    const info = storeInfo(store);
    expect(info).toMatchObject({
      numImages: 9,
      numShards: 3,
      numBoxes: 4,
      featureSize: 6,
      dtype: 'float16',
      provenance,
    });
    expect(info.sampleIds).toEqual(['image_0', 'image_1', 'image_2']);
    const bytes = readdirSync(store).reduce(
      (sum, name) => sum + readFileSync(path.join(store, name)).length,
      0,
    );
    expect(info.numBytes).toBe(bytes);
    const { min, max, numZeros, numValues } = info.sample.values;
    expect([info.sample.numImages, min, numValues]).toEqual([9, 0, 9 * 4 * 6]);
    expect(formatStoreInfo(info).replace(/\nboxes .*\n/, '\n')).toBe(
      `store       ${store}
images      9 (image_0, image_1, image_2, ...)
shards      3
size        ${formatBytes(bytes)}
features    4 boxes of 6 float16 values
values      0 to ${Number(max.toPrecision(3))}, ${((100 * numZeros) / numValues).toFixed(1)} % zeros (9 images looked at)
labels      objects and attributes
detector    bottom-up-attention
weights     SHA-256 ${weightsSha256}
settings    profile=caffe-exact, boxes=36
source      a.tsv
created by  test
`,
    );
    expect(formatStoreInfo(storeInfo(await storeOf(makeRows(1))))).toContain('detector    not stated\n');
  });
});

describe('an index over stores', () => {
  it('joins stores in order; the first holds an image that several have', async () => {
    const [train, minival] = [await storeOf(makeRows(6)), await storeOf([...makeRows(8).slice(4)].reverse())];
    const index = new StoreIndex([train, minival]);
    expect(index.numImages).toBe(8);
    expect(index.numDuplicates).toBe(2);
    expect(index.imageIds).toEqual([0, 1, 2, 3, 4, 5, 7, 6].map((i) => `image_${i}`));
    expect(index.has('image_7')).toBe(true);
    expect(index.has('image_8')).toBe(false);
    expect(index.placeAt(index.indexOf('image_5'))).toEqual({ shard: 1, row: 1 });
    expect(index.placeAt(index.indexOf('image_6'))).toEqual({ shard: 2, row: 1 });
    expect(index.origins.map((origin) => origin.path)).toEqual([train, minival]);
    const error = await errorOf(() => index.indexOf('image_8'));
    expect(error.message).toContain(
      `There are no features for image image_8 in ${train}, ${minival} (8 images`,
    );
    expect(() => index.placeAt(8)).toThrow(RangeError);
    expect(() => index.placeAt(-1)).toThrow(RangeError);
  });

  it('uses the first images of each store', async () => {
    const paths = [await storeOf(makeRows(9)), await storeOf(makeRows(16).slice(9))];
    const index = new StoreIndex(paths, { maxImagesEach: 5 });
    expect(index.imageIds).toEqual([0, 1, 2, 3, 4, 9, 10, 11, 12, 13].map((i) => `image_${i}`));
    expect(index.placeAt(9)).toEqual({ shard: 4, row: 0 });
  });

  it('refuses features of different sizes, nothing at all, and a shard that repeats an image', async () => {
    const paths = [await storeOf(makeRows(2)), await storeOf(makeRows(2, { featureSize: 8 }))];
    expect((await errorOf(() => new StoreIndex(paths))).message).toContain('they cannot be used together');
    expect((await errorOf(() => new StoreIndex([]))).exitCode).toBe(2);
    expect((await errorOf(() => new StoreIndex(paths, { maxImagesEach: 0 }))).exitCode).toBe(2);
    const store = paths[0]!;
    withHeader(path.join(store, 'shard-00000.safetensors'), (h) => (h.__metadata__!.imageIds = '["a","a"]'));
    expect((await errorOf(() => new StoreIndex([store]))).message).toContain('lists image a twice');
  });
});
