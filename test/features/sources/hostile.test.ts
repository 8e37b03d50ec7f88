/** @file Files of arrays that promise more than they hold, unpack to more than memory, or ask for more than data. */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { readArrayPickle } from '../../../src/checkpoint/pickle/index.js';
import { readMsgpackRecord } from '../../../src/features/sources/msgpackRecord.js';
import { openRowSource } from '../../../src/features/sources/openRowSource.js';
import { readNpy } from '../../../src/formats/npy.js';
import { makeZip } from '../../formats/zipFile.js';
import { errorOf, temporaryFolder } from '../support.js';

/** A .npy file of a header and whatever follows. */
function npy(header: string, data = Buffer.alloc(0), version = 1): Buffer {
  const text = Buffer.from(`${header}\n`, 'latin1');
  const head = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\x00`, 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  return Buffer.concat([head, length, text, data]);
}

const header = (descr: string, shape: string, order = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;

describe('a .npy file', () => {
  const four = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);

  it('is read in all versions, both byte orders and both orders of the axes', () => {
    const values = (bytes: Buffer) => {
      const array = readNpy(bytes);
      return [array.type, array.shape, [...new Float32Array(Uint8Array.from(array.bytes).buffer)]];
    };
    for (const version of [1, 2, 3])
      expect(values(npy(header('<f4', '2, 2'), four, version))).toEqual(['float32', [2, 2], [1, 2, 3, 4]]);
    expect(values(npy(header('>f4', '4,'), Buffer.from(four).swap32()))).toEqual([
      'float32',
      [4],
      [1, 2, 3, 4],
    ]);
    expect(values(npy(header('<f4', '2, 2', 'True'), four))).toEqual(['float32', [2, 2], [1, 3, 2, 4]]);
    expect(values(npy(header('<f4', '4L, 1L', 'True'), four))).toEqual(['float32', [4, 1], [1, 2, 3, 4]]);
  });

  it.each<[string, Buffer, RegExp]>([
    [
      'that promises 10^12 values',
      npy(header('<f4', '1000000, 1000000'), four),
      /takes 4000000000000 bytes, and 16/,
    ],
    [
      'of more values than numbers count',
      npy(header('<f4', '99999999, 99999999, 99999999')),
      /is impossible/,
    ],
    ['of more bytes than it has', npy(header('<f4', '5,'), four), /takes 20 bytes, and 16/],
    ['of fewer bytes than it has', npy(header('<f4', '3,'), four), /takes 12 bytes, and 16/],
    ['of version 9', npy(header('<f4', '4,'), four, 9), /version is 9/],
    [
      'of records',
      npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"),
      /holds records/,
    ],
    ['of texts', npy(header('<U4', '1,'), four), /are of NumPy's type/],
    ['of code', npy("{'descr': __import__('os')}"), /not the one of an array/],
    ['that is cut', npy(header('<f4', '4,'), four).subarray(0, 20), /ends inside its header/],
  ])('%s is refused', (_what, bytes, message) => {
    expect(() => readNpy(bytes)).toThrow(message);
  });
});

describe('an .npz file', () => {
  const boxes = npy(header('<f4', '1, 4'), Buffer.from(Float32Array.of(0, 0, 5, 5).buffer));
  const features = npy(header('<f4', '1, 2'), Buffer.from(Float32Array.of(1, 2).buffer));
  const size = (side: number) => npy(header('<i4', ''), Buffer.from(Int32Array.of(side).buffer));

  async function errorOfArchive(members: Record<string, Buffer>, numBytes?: number): Promise<string> {
    const folder = path.join(temporaryFolder(), 'npz');
    mkdirSync(folder);
    const listed = Object.entries(members).map(([name, data]) => ({
      name,
      data,
      deflate: true,
      ...(numBytes === undefined ? {} : { numBytes }),
    }));
    writeFileSync(path.join(folder, 'a.npz'), makeZip(listed));
    const { message } = await errorOf(async () => (await openRowSource(folder))?.close());
    expect(message).toContain(`${folder}, a.npz: `);
    return message;
  }

  it.each<[string, Record<string, Buffer>, number | undefined, string]>([
    ['that unpacks to 80 MB', { 'x.npy': Buffer.alloc(80 << 20) }, undefined, 'at most 67108864 are read'],
    [
      'that unpacks to more than it states',
      { 'x.npy': Buffer.alloc(80 << 20) },
      1000,
      'cannot be unpacked to 1000 bytes',
    ],
    ['of other arrays', { 'weight.npy': boxes, 'bias.npy': boxes }, undefined, 'it holds weight, bias'],
    ['without boxes', { 'x.npy': features, 'y.npy': boxes }, undefined, 'it holds no boxes under a name'],
    [
      'with more than arrays',
      { 'x.npy': features, 'run.py': boxes },
      undefined,
      "holds run.py, which is no array of NumPy's",
    ],
    [
      'of more boxes than a picture has',
      { 'x.npy': features, 'bbox.npy': npy(header('<f4', '4000000,'), Buffer.alloc(16_000_000)) },
      undefined,
      '1 to 1000 boxes',
    ],
    [
      'of boxes of another picture',
      { 'x.npy': npy(header('<f4', '3, 2'), Buffer.alloc(24)), 'bbox.npy': boxes },
      undefined,
      'a vector for each of 1 box',
    ],
    [
      'that states more boxes',
      { 'x.npy': features, 'bbox.npy': boxes, 'num_bbox.npy': size(7) },
      undefined,
      'it states 7 boxes and holds 1',
    ],
    [
      'whose objects are a program',
      {
        'x.npy': features,
        'bbox.npy': boxes,
        'info.npy': npy(header('|O', ''), Buffer.from("cos\nsystem\n(S'true'\ntR.", 'latin1')),
      },
      undefined,
      'it asks for os.system, which is not among the few types',
    ],
  ])('%s is refused', async (_what, members, numBytes, message) => {
    expect(await errorOfArchive(members, numBytes)).toContain(message);
  });
});

describe('a pickle', () => {
  it('of lists that hold one list many times, level by level, is refused', () => {
    // ]  then nine times: memo 0 = [memo 0 x 30] ...
    const levels = Array.from(
      { length: 9 },
      (_, i) => `](${`h${String.fromCharCode(i)}`.repeat(30)}eq${String.fromCharCode(i + 1)}`,
    );
    const bytes = Buffer.from(`\x80\x02]q\x00${levels.join('')}.`, 'latin1');
    expect(() => readArrayPickle(bytes)).toThrow(/more than \d+ values/);
  });
});

describe('a msgpack value', () => {
  const encoded = (value: unknown) => Buffer.from(encode(value));

  it.each<[string, Buffer, RegExp]>([
    ['of a list of 2^32 items', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), /is damaged/],
    [
      'that promises 10^12 values',
      encoded({ x: { nd: true, type: '<f4', shape: [1e6, 1e6], data: new Uint8Array(4) } }),
      /takes 4000000000000 bytes/,
    ],
    [
      'whose shape is none',
      encoded({ x: { nd: true, type: '<f4', shape: [-1], data: new Uint8Array(4) } }),
      /is described as an array and is none/,
    ],
    ['that is a list', encoded([1, 2]), /no dictionary/],
    ['that is cut', encoded({ x: 'abc' }).subarray(0, 4), /is damaged/],
  ])('%s is refused', (_what, bytes, message) => {
    expect(() => readMsgpackRecord(bytes)).toThrow(message);
  });
});
