import { open as openFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { CheckpointFile, saveTensors } from '../../src/checkpoint/index.js';
import { LxmertError } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';
import { scope } from '../../src/torch/index.js';
import { bytes, temporaryFolder } from './bytes.js';
import {
  type BlobOptions,
  blob,
  blobShape,
  caffemodel,
  float32Bytes,
  layer,
  lengthDelimited,
  varint,
  varintField,
} from './caffeBytes.js';

const folder = temporaryFolder();
const six = [1, -2.5, 3, 4, 5, 0.125];

async function open(content: Uint8Array, name = 'net.caffemodel'): Promise<CheckpointFile> {
  return CheckpointFile.open(await folder.write(name, content));
}

function values(checkpoint: CheckpointFile, name: string): number[] {
  return scope(() => [...(checkpoint.tensor(name).data() as Float32Array)]);
}

describe('blobs', () => {
  it.each<[string, BlobOptions]>([
    ['packed, as Caffe writes them', {}],
    ['not packed', { data: 'unpacked' }],
    ['in a packed and an unpacked piece', { data: 'pieces' }],
    ['in double precision', { data: 'double' }],
    ['in double precision, not packed', { data: 'double unpacked' }],
    ['with an unpacked shape', { shape: 'unpacked' }],
    ['with the shape behind the numbers', { shapeLast: true }],
    ['with both oddities', { shapeLast: true, data: 'unpacked', shape: 'unpacked' }],
  ])('%s', async (_style, options) => {
    const before = layer('odd', 'Convolution', [blob([7], [1]), blob([8, 9], [2])]);
    const checkpoint = await open(
      caffemodel(before, layer('a/b', 'InnerProduct', [blob(six, [2, 3], options)])),
    );
    expect(checkpoint.format).toBe('caffemodel');
    expect([...checkpoint.entries.keys()]).toEqual(['odd/0', 'odd/1', 'a/b/0']);
    const entry = checkpoint.entries.get('a/b/0')!;
    expect(entry.shape).toEqual([2, 3]);
    expect(entry.dtype).toBe(options.data?.startsWith('double') ? 'float64' : 'float32');
    expect(values(checkpoint, 'a/b/0')).toEqual(six);
    expect(values(checkpoint, 'odd/1')).toEqual([8, 9]);
  });

  it('with a shape of four sizes, as until 2015', async () => {
    const checkpoint = await open(
      caffemodel(layer('fc', 'InnerProduct', [blob(six, [2, 3], { shape: 'legacy' })])),
    );
    expect(checkpoint.entries.get('fc/0')?.shape).toEqual([1, 1, 2, 3]);
    expect(values(checkpoint, 'fc/0')).toEqual(six);
  });

  it('of a million numbers that are not packed', async () => {
    const many = Array.from({ length: 1_000_000 }, (_, i) => i % 1021);
    const data = Buffer.alloc(5 * many.length);
    for (const [i, value] of many.entries()) {
      data[5 * i] = 5 * 8 + 5;
      data.writeFloatLE(value, 5 * i + 1);
    }
    const checkpoint = await open(
      caffemodel(layer('fc', 'InnerProduct', [bytes(blobShape([many.length], 'packed'), data)])),
    );
    expect(values(checkpoint, 'fc/0')).toEqual(many);
  });

  it('lists every layer, with blobs or without', async () => {
    const { parsed } = await open(
      caffemodel(layer('relu', 'ReLU'), layer('fc', 'InnerProduct', [blob([1], [1])])),
    );
    expect(parsed.layers).toEqual([
      { name: 'relu', type: 'ReLU', numBlobs: 0 },
      { name: 'fc', type: 'InnerProduct', numBlobs: 1 },
    ]);
    expect(parsed.metadata.get('name')).toBe('a net');
  });

  it('passes over gradients and fields it does not know', async () => {
    const withExtras = bytes(
      lengthDelimited(6, float32Bytes([9, 9])),
      varintField(99, 2n ** 63n),
      bytes(varint(98 * 8 + 5), 1, 2, 3, 4),
      bytes(varint(97 * 8 + 1), 1, 2, 3, 4, 5, 6, 7, 8),
      blob([1, 2], [2]),
    );
    expect(values(await open(caffemodel(layer('fc', 'InnerProduct', [withExtras]))), 'fc/0')).toEqual([1, 2]);
  });

  it('behind three gigabytes that are passed over', async () => {
    // A sparse file: the system stores only what is written.
    const path = folder.path('large.caffemodel');
    const head = bytes(varint(99 * 8 + 2), varint(3_000_000_000));
    const file = await openFile(path, 'w');
    await file.write(head, 0, head.length, 0);
    const tail = layer('fc', 'InnerProduct', [blob(six, [6])]);
    await file.write(tail, 0, tail.length, head.length + 3_000_000_000);
    await file.close();
    const checkpoint = await CheckpointFile.open(path);
    expect(checkpoint.entries.get('fc/0')?.storage.byteOffset).toBeGreaterThan(3_000_000_000);
    expect(values(checkpoint, 'fc/0')).toEqual(six);
  });

  it('is known without its ending by a whole walk', async () => {
    const file = caffemodel(layer('fc', 'InnerProduct', [blob([1], [1])]));
    expect((await open(file, 'weights')).format).toBe('caffemodel');
    await expect(open(file.subarray(0, -1), 'weights')).rejects.toThrow(/no checkpoint in a known layout/);
  });
});

describe('a file that is no .caffemodel with weights', () => {
  it.each<[string, Uint8Array, RegExp]>([
    [
      'in the first format',
      bytes(lengthDelimited(1, 'old'), lengthDelimited(2, lengthDelimited(4, 'conv1'))),
      /V1 layers.*upgrade_net_proto_binary/,
    ],
    ['without layers', lengthDelimited(1, 'a net'), /no layer/],
    ['with a web page', Buffer.from('<!DOCTYPE html><html>'), /web page/],
    ['with the text of a network', Buffer.from('name: "ResNet-101"\nlayer {\n'), /prototxt/],
    ['cut short', caffemodel(layer('fc', 'InnerProduct', [blob(six, [6])])).subarray(0, -9), /cut short/],
    [
      'with too few numbers',
      caffemodel(layer('fc', 'InnerProduct', [blob(six, [7])])),
      /blob fc\/0 has the shape \(7\), 7 numbers, and 6 are stored/,
    ],
    [
      'with a negative size',
      caffemodel(layer('fc', 'InnerProduct', [bytes(lengthDelimited(7, varintField(1, -3n)))])),
      /a size of a blob is -3/,
    ],
    [
      'with huge sizes',
      caffemodel(layer('fc', 'InnerProduct', [blob(six, new Array(20).fill(2 ** 30))])),
      /6 are stored/,
    ],
    [
      'with too many axes',
      caffemodel(layer('fc', 'InnerProduct', [blob(six, new Array(40).fill(1))])),
      /more than 32 numbers/,
    ],
    [
      'with numbers of odd length',
      caffemodel(layer('fc', 'InnerProduct', [bytes(blobShape([1], 'packed'), lengthDelimited(5, 'abcde'))])),
      /no multiple of 4/,
    ],
    ['with an endless varint', bytes(lengthDelimited(1, 'x'), Buffer.alloc(12, 0xff)), /longer than 64 bits/],
    ['with a group', caffemodel(bytes(varint(50 * 8 + 3))), /unknown kind 3/],
    ['with field 0', caffemodel(bytes(0, 1)), /number 0/],
    [
      'with a field larger than its layer',
      caffemodel(
        lengthDelimited(100, bytes(lengthDelimited(1, 'x'), varint(7 * 8 + 2), varint(2n ** 62n))),
        layer('y', 'ReLU'),
      ),
      /does not fit/,
    ],
    [
      'with one layer twice',
      caffemodel(layer('fc', 'A', [blob([1], [1])]), layer('fc', 'A', [blob([1], [1])])),
      /two layers with weights are called fc/,
    ],
    [
      'with a name that is no text',
      caffemodel(lengthDelimited(100, lengthDelimited(1, Uint8Array.of(0xff, 0xfe)))),
      /a name is no text/,
    ],
    ['with a name that moves the cursor', caffemodel(layer('a\x1b[2Jb', 'ReLU')), /a name is no text/],
    [
      'with an endless name',
      caffemodel(lengthDelimited(100, lengthDelimited(1, 'n'.repeat(5000)))),
      /name has 5000 bytes/,
    ],
  ])('%s', async (_fault, content, message) => {
    await expect(open(content)).rejects.toThrow(message);
    await expect(open(content)).rejects.toBeInstanceOf(LxmertError);
  });

  it('with millions of fields that mean nothing is given up', async () => {
    const file = bytes(lengthDelimited(1, 'x'), Buffer.alloc(9_000_000, Buffer.from([0x48, 0])));
    await expect(open(file)).rejects.toThrow(/more than 4000000 fields/);
  });
});

describe('damage', () => {
  const whole = caffemodel(
    layer('conv1', 'Convolution', [blob(six, [1, 2, 3, 1]), blob([1], [1], { data: 'unpacked' })]),
    layer('bn', 'BatchNorm', [blob([1, 2], [2], { shape: 'legacy' }), blob([3, 4], [2], { data: 'double' })]),
    layer('fc', 'InnerProduct', [blob(six, [6], { data: 'pieces' })]),
  );

  /** Reads everything; an error must be one for a person that names the file. */
  async function attempt(content: Uint8Array): Promise<boolean> {
    try {
      const checkpoint = await open(content, 'damaged.caffemodel');
      scope(() => {
        for (const [name, { numElements }] of checkpoint.entries) {
          expect(checkpoint.tensor(name).numel).toBe(numElements);
        }
      });
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(LxmertError);
      expect((error as Error).message).toContain('damaged.caffemodel');
      return false;
    }
  }

  it('never does worse than an error when the file is cut at any byte', async () => {
    // Between two layers the rest is a whole, smaller network: only who knows the layers can tell.
    let numRead = 0;
    for (let length = 0; length < whole.length; length++) {
      if (await attempt(whole.subarray(0, length))) numRead++;
    }
    expect(await attempt(whole)).toBe(true);
    expect(numRead).toBe(2);
  });

  it('never does worse than an error when bytes change', async () => {
    const random = Random.derive(1, 'caffemodel');
    let numRefused = 0;
    for (let i = 0; i < 1500; i++) {
      const damaged = Buffer.from(whole);
      for (let change = 0; change < 1 + random.integer(3); change++) {
        const at = random.integer(damaged.length);
        damaged[at] = random.uniform() < 0.5 ? random.integer(256) : damaged[at]! ^ (1 << random.integer(8));
      }
      if (!(await attempt(damaged))) numRefused++;
    }
    expect(numRefused).toBeGreaterThan(300);
  });
});

it('blobs that lie in pieces are copied whole into another file', async () => {
  const checkpoint = await open(
    caffemodel(layer('fc', 'InnerProduct', [blob(six, [2, 3], { data: 'unpacked' })])),
  );
  const path = folder.path('copy.safetensors');
  const tensor = checkpoint.tensor('fc/0');
  await saveTensors(path, new Map([['fc', tensor]]));
  tensor.dispose();
  expect(values(await CheckpointFile.open(path), 'fc')).toEqual(six);
});
