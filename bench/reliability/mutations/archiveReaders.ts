/** @file Readers of features in archives: whole archives of tables and of NumPy files, their damage, and how they are read. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { StoredZip } from '../../../src/checkpoint/write/storedZip.js';
import { withAtomicFile } from '../../../src/common/atomicFile.js';
import type { Random } from '../../../src/common/random.js';
import { type ByteMutation, mutateBytes } from './bytes.js';
import { mutateZipMember } from './containers.js';
import { checkoutFile } from './kit.js';
import { mutateTsv } from './tables.js';
import { type Case, convertFeatures, type Reader } from './ways.js';

/** The files of one archive by their names in it. */
type Members = ReadonlyMap<string, Uint8Array>;

/** Makes a zip archive whose members are stored. */
export async function makeZip(file: string, members: Members): Promise<void> {
  await withAtomicFile(file, async (target) => {
    const zip = new StoredZip(target);
    for (const [name, bytes] of members) await zip.add(name, bytes.length, [bytes]);
    await zip.finish();
  });
}

async function makeTar(members: Members): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of members) tar.entry({ name }, Buffer.from(bytes));
  tar.finalize();
  return await buffer(tar);
}

/** Makes them in a folder, of the table of features that is given and of what the tests of formats keep. */
export async function makeArchives(folder: string, tsv: Uint8Array): Promise<void> {
  mkdirSync(folder);
  const kept = (from: string, inFolder = ''): Members => {
    const place = checkoutFile('test/features/sources/fixtures', from);
    return new Map(
      readdirSync(place).map((name) => [`${inFolder}${name}`, readFileSync(path.join(place, name))]),
    );
  };
  const vinvl = kept('vinvl');
  const some = (...names: string[]): Members =>
    new Map(names.map((name) => [name, vinvl.get(name) as Uint8Array]));
  const write = (name: string, bytes: Uint8Array): void => writeFileSync(path.join(folder, name), bytes);
  await makeZip(path.join(folder, 'vinvl.zip'), some('predictions.tsv', 'predictions.hw.tsv'));
  write('features.tsv.gz', gzipSync(some('features.tsv').get('features.tsv') as Uint8Array));
  write('vinvl.tar.gz', gzipSync(await makeTar(some('predictions.hw.tsv', 'predictions.tsv'))));
  write('rows.tar', await makeTar(new Map([['x/rows.tsv', tsv]])));
  write('openvqa.tar', await makeTar(kept('openvqa', './train2014/')));
  write('uniter.tar.gz', gzipSync(await makeTar(kept('uniter'))));
}

export function archiveReaders(): Reader[] {
  const archive = (name: string, mutate: ByteMutation): Case => ({
    file: `archives/${name}`,
    mutate,
    read: convertFeatures,
  });
  return [
    {
      name: 'features, VinVL in archives',
      cases: [
        archive('vinvl.zip', mutateZipMember),
        archive('features.tsv.gz', packed(mutateTsv)),
        archive('vinvl.tar.gz', packed(mutateTar)),
      ],
    },
    {
      name: 'features, tar',
      cases: [
        archive('rows.tar', mutateTar),
        archive('openvqa.tar', mutateTar),
        archive('uniter.tar.gz', packed(mutateTar)),
      ],
    },
  ];
}

/** Damage to what gzip packed, or to the archive. */
function packed(mutate: ByteMutation): ByteMutation {
  return (bytes, random) => {
    if (random.uniform() < 0.4) return mutateBytes(bytes, random);
    try {
      return gzipSync(mutate(gunzipSync(bytes), random));
    } catch {
      // It was damaged before.
      return mutateBytes(bytes, random);
    }
  };
}

const BLOCK_BYTES = 512;
/** Where a header has the length and its own checksum. */
const [SIZE, CHECKSUM, CHECKSUM_BYTES] = [124, 148, 8];

/** Changes a member, of the same length, or its header with the checksum made right. */
const mutateTar: ByteMutation = (bytes, random) => {
  const headers = headersOf(bytes);
  if (headers.length === 0 || random.uniform() < 0.3) return mutateBytes(bytes, random);
  const at = random.pick(headers);
  return random.uniform() < 0.5 ? mutateHeader(bytes, at, random) : mutateContent(bytes, at, random);
};

function headersOf(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + BLOCK_BYTES <= bytes.length && bytes[at] !== 0; ) {
    found.push(at);
    at += BLOCK_BYTES * (1 + Math.ceil(sizeAt(bytes, at) / BLOCK_BYTES));
  }
  return found;
}

/** 0 where it is none. */
function sizeAt(bytes: Buffer, at: number): number {
  return Number.parseInt(bytes.toString('latin1', at + SIZE, at + SIZE + 11), 8) || 0;
}

function mutateHeader(bytes: Buffer, at: number, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  mutateBytes(bytes.subarray(at, at + BLOCK_BYTES), random).copy(changed, at, 0, BLOCK_BYTES);
  const header = changed.subarray(at, at + BLOCK_BYTES);
  header.fill(' ', CHECKSUM, CHECKSUM + CHECKSUM_BYTES);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, CHECKSUM, 'latin1');
  return changed;
}

function mutateContent(bytes: Buffer, at: number, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  const [start, length] = [at + BLOCK_BYTES, sizeAt(bytes, at)];
  const content = bytes.subarray(start, start + length);
  const mutate = random.uniform() < 0.5 ? mutateBytes : mutateZipMember;
  mutate(content, random).copy(changed, start, 0, content.length);
  return changed;
}
