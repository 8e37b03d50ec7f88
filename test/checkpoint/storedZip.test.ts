/** The archive writer against an independent reader (yauzl) and the format's rules. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FileReader } from '../../src/checkpoint/read/fileReader.js';
import { listStoredMembers } from '../../src/checkpoint/read/zipArchive.js';
import { StoredZip } from '../../src/checkpoint/write/storedZip.js';
import { withAtomicFile } from '../../src/common/atomicFile.js';
import { temporaryFolder } from './bytes.js';

const folder = temporaryFolder();

const members: ReadonlyArray<readonly [string, Buffer]> = [
  ['archive/data.pkl', Buffer.from('pickle')],
  ['archive/data/0', Buffer.alloc(200, 7)],
  ['archive/\u00e4', Buffer.alloc(0)],
  ['archive/data/1', Buffer.alloc(65, 9)],
];

async function write(name: string, zip64From?: number): Promise<string> {
  const path = folder.path(name);
  await withAtomicFile(path, async (file) => {
    const zip = new StoredZip(file, zip64From);
    for (const [member, data] of members) {
      await zip.add(member, data.length, [data.subarray(0, 50), data.subarray(50)]);
    }
    await zip.finish();
  });
  return path;
}

describe.each([
  ['plain.zip', undefined],
  // Every size and every offset but 0 in ZIP64 fields, as in files of more than 4 GB.
  ['large.zip', 1],
] as const)('%s', (name, zip64From) => {
  it('holds every member whole, at a multiple of 64 bytes, with its checksum', async () => {
    const { crc32 } = await import('node:zlib');
    using file = FileReader.open(await write(name, zip64From));
    const directory = await listStoredMembers(file);
    expect([...directory.keys()]).toEqual(members.map(([member]) => member));
    for (const [member, data] of members) {
      const { byteOffset, byteLength, crc32: checksum } = directory.get(member)!;
      expect(file.read(byteOffset, byteLength), member).toEqual(data);
      expect(byteOffset % 64, member).toBe(0);
      expect(checksum, member).toBe(crc32(data));
    }
  });

  it('has the checksum in the local headers too, and the same bytes each time', async () => {
    const first = await readFile(await write(name, zip64From));
    const { crc32 } = await import('node:zlib');
    expect(first.readUInt32LE(14)).toBe(crc32(members[0]![1]));
    expect(await readFile(await write(`again-${name}`, zip64From))).toEqual(first);
  });
});

it('refuses a member whose pieces are not what was announced', async () => {
  const writing = withAtomicFile(folder.path('short.zip'), async (file) => {
    await new StoredZip(file).add('a', 5, [Buffer.alloc(4)]);
  });
  await expect(writing).rejects.toThrow(/has 4 bytes and was to have 5/);
  await expect(readFile(folder.path('short.zip'))).rejects.toThrow(/ENOENT/);
});
