/** @file Makes pickles, .pth files and safetensors byte by byte, apart from the code under test. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll } from 'vitest';

/** A folder for one test file; `write` puts bytes into it and gives the path. */
export function temporaryFolder(): {
  path(name: string): string;
  write(name: string, bytes: Uint8Array | string): Promise<string>;
} {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'checkpoint-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return {
    path: (name) => path.join(folder, name),
    async write(name, bytes) {
      await writeFile(path.join(folder, name), bytes);
      return path.join(folder, name);
    },
  };
}

/** Bytes from texts (latin1), numbers (one byte each) and byte arrays. */
export function bytes(...parts: ReadonlyArray<string | number | Uint8Array>): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'string'
        ? Buffer.from(part, 'latin1')
        : typeof part === 'number'
          ? Buffer.from([part])
          : part,
    ),
  );
}

export function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

export function uint64(value: number | bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

/** BINUNICODE */
export function unicode(text: string): Buffer {
  const encoded = Buffer.from(text, 'utf8');
  return bytes('X', uint32(encoded.length), encoded);
}

/** BININT */
export function integer(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return bytes('J', buffer);
}

export interface PickledTensorOptions {
  readonly key?: string;
  readonly storageClass?: string;
  readonly numStored?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
  /** [key, offset, length] of the older layout's storage views. */
  readonly view?: readonly [string, number, number];
  readonly isLegacy?: boolean;
}

/** What torch pickles for one tensor. */
export function pickledTensor(options: PickledTensorOptions = {}): Buffer {
  const {
    key = '0',
    storageClass = 'FloatStorage',
    numStored = 6,
    offset = 0,
    shape = [2, 3],
    strides = [3, 1],
  } = options;
  const numbers = (values: readonly number[]): Buffer => bytes('(', ...values.map(integer), 't');
  const { view } = options;
  const viewBytes =
    view === undefined ? 'N' : bytes('(', unicode(view[0]), integer(view[1]), integer(view[2]), 't');
  return bytes(
    'ctorch._utils\n_rebuild_tensor_v2\n((',
    unicode('storage'),
    `ctorch\n${storageClass}\n`,
    unicode(key),
    unicode('cpu'),
    integer(numStored),
    options.isLegacy ? viewBytes : '',
    'tQ',
    integer(offset),
    numbers(shape),
    numbers(strides),
    '\x89ccollections\nOrderedDict\n)RtR',
  );
}

/** A pickled dictionary whose values are pickles without PROTO and STOP. */
export function pickledDict(entries: Readonly<Record<string, Uint8Array | string>>): Buffer {
  const items = Object.entries(entries).flatMap(([key, value]) => [unicode(key), bytes(value)]);
  return bytes('}(', ...items, 'u');
}

export function pickle(...parts: ReadonlyArray<string | number | Uint8Array>): Buffer {
  return bytes(0x80, 2, ...parts, '.');
}

/** Little-endian float32. */
export function floats(...values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

const LEGACY_MAGIC = bytes(0x8a, 10, Buffer.from('6cfc9c46f9206aa85019', 'hex'));

export interface LegacyParts {
  readonly object: Uint8Array;
  readonly storages: ReadonlyArray<readonly [key: string, numElements: number | bigint, data: Uint8Array]>;
  readonly system?: Uint8Array;
  readonly protocol?: number;
}

/** The older .pth layout. */
export function legacyFile({ object, storages, system, protocol = 1001 }: LegacyParts): Buffer {
  return bytes(
    pickle(LEGACY_MAGIC),
    pickle(integer(protocol)),
    system ?? pickle(pickledDict({ little_endian: '\x88' })),
    object,
    pickle('](', ...storages.map(([key]) => unicode(key)), 'e'),
    ...storages.flatMap(([, numElements, data]) => [uint64(BigInt.asUintN(64, BigInt(numElements))), data]),
  );
}

export interface ZipMemberParts {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  /** Instead of the true values, in the central directory. */
  readonly size?: number;
  readonly offset?: number;
}

/** A zip archive, with lies where the parts ask for them. */
export function zipFile(members: readonly ZipMemberParts[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let position = 0;
  for (const {
    name,
    data,
    method = 0,
    flags = 0,
    crc = crc32(data),
    size = data.length,
    offset,
  } of members) {
    const uint16 = (value: number): Buffer => bytes(value & 0xff, value >> 8);
    const common = bytes(
      uint16(flags),
      uint16(method),
      uint32(0),
      uint32(crc),
      uint32(size),
      uint32(size),
      uint16(name.length),
      uint16(0),
    );
    const local = bytes('PK\x03\x04', uint16(10), common, name, data);
    central.push(
      bytes(
        'PK\x01\x02',
        uint16(10),
        uint16(10),
        common,
        uint16(0),
        uint16(0),
        uint16(0),
        uint32(0),
        uint32(offset ?? position),
        name,
      ),
    );
    locals.push(local);
    position += local.length;
  }
  const directory = Buffer.concat(central);
  const count = bytes(members.length & 0xff, members.length >> 8);
  return bytes(
    ...locals,
    directory,
    'PK\x05\x06',
    uint32(0),
    count,
    count,
    uint32(directory.length),
    uint32(position),
    0,
    0,
  );
}

/** The zip .pth layout: a pickle and its storages. */
export function pthFile(
  object: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>>,
  more: readonly ZipMemberParts[] = [],
): Buffer {
  return zipFile([
    { name: 'archive/data.pkl', data: object },
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
    ...more,
    { name: 'archive/version', data: Buffer.from('3\n') },
  ]);
}

/** A safetensors file from the text of its header. */
export function safetensorsFile(header: string, data: Uint8Array): Buffer {
  return bytes(uint64(Buffer.byteLength(header)), Buffer.from(header, 'utf8'), data);
}
