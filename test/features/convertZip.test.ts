import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertToStore } from '../../src/features/convertToStore.js';
import { writeObj36 } from '../../src/features/obj36Writer.js';
import { openTsvInZip } from '../../src/formats/zip/zipMemberSource.js';
import { listZipMembers } from '../../src/formats/zip/zipMembers.js';
import { makeZip, type TestMember } from '../formats/zipFile.js';
import { errorOf, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const source = path.join(folder, 'rows.tsv');
let tsv: Buffer;
let numPaths = 0;
const newPath = (suffix = ''): string => path.join(folder, `out${numPaths++}${suffix}`);

function archiveOf(...members: TestMember[]): string {
  const file = newPath('.zip');
  writeFileSync(file, makeZip(members));
  return file;
}

function contentOf(store: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(store).map((name) => [name, readFileSync(path.join(store, name)).toString('base64')]),
  );
}

async function convertZip(archive: string, store: string, options: object = {}): Promise<unknown> {
  const member = await openTsvInZip(archive);
  try {
    return await convertToStore(member, store, { shardImages: 8, ...options });
  } finally {
    member.close();
  }
}

beforeAll(async () => {
  // Lines of about 20 kB, so that chunks of the inflater end within rows.
  await writeObj36(source, makeRows(50, { numBoxes: 36, featureSize: 64 }));
  tsv = readFileSync(source);
});

describe('a TSV file in a zip archive', () => {
  it.each([
    ['stored', {}],
    ['deflated', { deflate: true }],
    ['stored, zip64', { zip64: true }],
    ['deflated, zip64', { deflate: true, zip64: true }],
  ])('makes the same store as the file by itself: %s', async (_, form) => {
    const archive = archiveOf(
      { name: 'mscoco_imgfeat/', data: Buffer.alloc(0), mode: 0o040755 },
      { name: 'mscoco_imgfeat/README.txt', data: Buffer.from('hello') },
      { name: 'mscoco_imgfeat/rows.tsv', data: tsv, ...form },
      { name: '__MACOSX/mscoco_imgfeat/._rows.tsv', data: Buffer.from('shadow') },
    );
    const [expected, store] = [newPath(), newPath()];
    await convertToStore(source, expected, { shardImages: 8 });
    expect(await convertZip(archive, store)).toMatchObject({ numImages: 50, numShards: 7 });
    expect(contentOf(store)).toEqual(contentOf(expected));
  });

  it.each([1, 4, 6])('goes on after %i shards to the same bytes, whichever source began', async (kept) => {
    const archive = archiveOf({ name: 'rows.tsv', data: tsv, deflate: true });
    const [expected, store] = [newPath(), newPath()];
    await convertToStore(source, expected, { shardImages: 8 });
    await (kept === 4 ? convertToStore(source, store, { shardImages: 8 }) : convertZip(archive, store));
    for (const name of readdirSync(store).sort().slice(kept)) rmSync(path.join(store, name));
    expect(await convertZip(archive, store)).toMatchObject({ numResumed: kept * 8, numImages: 50 });
    expect(contentOf(store)).toEqual(contentOf(expected));
  });

  it('stops at a signal and goes on', async () => {
    const archive = archiveOf({ name: 'rows.tsv', data: tsv, deflate: true });
    const [expected, store] = [newPath(), newPath()];
    await convertToStore(source, expected, { shardImages: 8 });
    const controller = new AbortController();
    const stopped = await convertZip(archive, store, {
      signal: controller.signal,
      progress: { update: () => controller.abort() },
    });
    expect(stopped).toMatchObject({ interrupted: true, numShards: 3 });
    await convertZip(archive, store);
    expect(contentOf(store)).toEqual(contentOf(expected));
  });

  it('refuses to go on with another archive', async () => {
    const store = newPath();
    const first = archiveOf({ name: 'rows.tsv', data: tsv, deflate: true });
    await convertZip(first, store);
    rmSync(path.join(store, 'shard-00006.safetensors'));
    const other = path.join(folder, 'reversed.tsv');
    await writeObj36(other, makeRows(50, { numBoxes: 36, featureSize: 64 }).reverse());
    const second = archiveOf({ name: 'rows.tsv', data: readFileSync(other), deflate: true });
    const error = await errorOf(() => convertZip(second, store));
    expect(error.message).toContain('is not the file that');
    expect(error.exitCode).toBe(2);
  });

  it('names archive, member and line of a bad row', async () => {
    const archive = archiveOf({ name: 'a/rows.tsv', data: Buffer.concat([tsv, Buffer.from('x\ty\n')]) });
    const error = await errorOf(() => convertZip(archive, newPath()));
    expect(error.message).toContain(`${archive}: a/rows.tsv, line 51`);
  });

  it('asks which when there are several', async () => {
    const archive = archiveOf({ name: 'a.tsv', data: tsv }, { name: 'b/c.tsv', data: tsv });
    const error = await errorOf(() => openTsvInZip(archive));
    expect(error.message).toContain('2 TSV files; name one of them (--member): a.tsv, b/c.tsv.');
    const chosen = await openTsvInZip(archive, 'b/c.tsv');
    expect([chosen.fileName, await chosen.size()]).toEqual(['c.tsv', tsv.length]);
    expect((await openTsvInZip(archive, 'c.tsv')).name).toBe(chosen.name);
    expect((await errorOf(() => openTsvInZip(archive, 'd.tsv'))).message).toContain('has no member');
    const beside = archiveOf(
      { name: 'a.csv', data: tsv },
      { name: 'LICENSE.txt', data: Buffer.from('free') },
    );
    expect((await openTsvInZip(beside)).fileName).toBe('a.csv');
    const none = archiveOf({ name: 'a.jpg', data: tsv });
    expect((await errorOf(() => openTsvInZip(none))).message).toContain('holds no TSV file');
  });
});

describe('a damaged archive', () => {
  it.each<[string, Partial<TestMember>, string]>([
    ['another checksum', { crc: 1 }, 'its CRC-32 checksum does not fit'],
    ['fewer bytes than stated', { deflate: true, numBytes: 5_000_000 }, 'it ends after'],
    ['more bytes than stated', { deflate: true, numBytes: 1000 }, 'holds more than the 1000 bytes'],
    ['two sizes', { numBytes: 1000 }, 'size mismatch for stored file'],
    ['encryption', { deflate: true, flags: 1 }, 'is encrypted'],
  ])('with %s is refused, and no whole store is left', async (_, fields, message) => {
    const archive = archiveOf({ name: 'rows.tsv', data: tsv, ...fields });
    const store = newPath();
    const error = await errorOf(() => convertZip(archive, store));
    expect(error.message).toContain(message);
    const last = path.join(store, 'shard-00006.safetensors');
    expect(existsSync(last)).toBe(false);
  });

  it('cut short anywhere is refused with a sentence', async () => {
    const whole = readFileSync(archiveOf({ name: 'rows.tsv', data: tsv, deflate: true }));
    for (const length of [0, 10, 1000, whole.length - 30, whole.length - 1]) {
      const file = newPath('.zip');
      writeFileSync(file, whole.subarray(0, length));
      const error = await errorOf(() => listZipMembers(file));
      expect(error.message, String(length)).toMatch(/is no zip archive, or it is cut short|is damaged/);
    }
  });

  it('with a byte changed in its deflated data is refused', async () => {
    const bytes = readFileSync(archiveOf({ name: 'rows.tsv', data: tsv, deflate: true }));
    bytes[50_000] = (bytes[50_000] as number) ^ 0x10;
    const file = newPath('.zip');
    writeFileSync(file, bytes);
    const store = newPath();
    expect((await errorOf(() => convertZip(file, store))).exitCode).toBe(1);
  });
});

describe('a hostile archive', () => {
  it.each<[string, Partial<TestMember>, string]>([
    ['a name that climbs out', { name: '../../x.tsv' }, 'invalid relative path'],
    ['a name that climbs out later', { name: 'a/../../x.tsv' }, 'invalid relative path'],
    ['an absolute name', { name: '/etc/x.tsv' }, 'absolute path'],
    ['a drive', { name: 'C:/x.tsv' }, 'absolute path'],
    ['backslashes', { name: '..\\..\\x.tsv' }, 'invalid characters'],
    ['a control character', { name: 'x\x01.tsv', flags: 0x800 }, 'control character'],
    ['a symbolic link', { mode: 0o120777 }, 'is a link or a device'],
    ['a device', { mode: 0o020666 }, 'is a link or a device'],
    ['no name', { name: '' }, 'has no name'],
  ])('with %s is refused whole', async (_, fields, message) => {
    const archive = archiveOf(
      { name: 'rows.tsv', data: tsv },
      { name: 'other.txt', data: Buffer.from('x'), ...fields },
    );
    const error = await errorOf(() => openTsvInZip(archive));
    expect(error.message).toContain(archive);
    expect(error.message).toContain(message);
    expect(error.exitCode).toBe(1);
  });

  it('with two members of one name is refused', async () => {
    const archive = archiveOf({ name: 'rows.tsv', data: tsv }, { name: 'rows.tsv', data: Buffer.from('x') });
    expect((await errorOf(() => listZipMembers(archive))).message).toContain('"rows.tsv" is there twice');
  });

  it('with made-up positions is refused, not a crash', async () => {
    const bytes = makeZip([{ name: 'rows.tsv', data: Buffer.from('x'), zip64: true }]);
    // Offset of the local header in the zip64 extra field: the last eight bytes before the zip64 end record.
    const end = bytes.indexOf('PK\x06\x06');
    for (const value of [2n ** 62n, 2n ** 53n + 1n, 10n ** 9n]) {
      bytes.writeBigUInt64LE(value, end - 8);
      const file = newPath('.zip');
      writeFileSync(file, bytes);
      expect((await errorOf(() => listZipMembers(file))).message).toContain('is damaged');
    }
  });
});
