import { readdirSync, readFileSync } from 'node:fs';
import { link } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { BusyDownload, PartFile } from '../../../src/data/download/partFile.js';
import { temporaryFolder } from '../../features/support.js';

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>();
  return { ...actual, link: vi.fn(actual.link) };
});

const root = temporaryFolder();
let numFolders = 0;

/** As FAT and some network disks answer. */
function refuseLinks(code: string): void {
  vi.mocked(link).mockImplementation(async () => {
    throw Object.assign(new Error(`${code}: no link`), { code, syscall: 'link' });
  });
}

describe('the lock of a part', () => {
  it.each([undefined, 'EPERM', 'ENOSYS', 'ENOTSUP', 'UNKNOWN'])(
    'keeps others away, on a disk without links too (%s)',
    async (code) => {
      if (code !== undefined) refuseLinks(code);
      const target = path.join(root, `f${numFolders++}`, 'file.bin');
      const part = await PartFile.open(target);
      const beside = (): string[] => readdirSync(path.dirname(target)).sort();
      expect(beside()).toEqual(['file.bin.part', 'file.bin.part.lock']);
      expect(readFileSync(`${target}.part.lock`, 'utf8')).toBe(`${process.pid}\n`);
      await expect(PartFile.open(target)).rejects.toBeInstanceOf(BusyDownload);
      expect(beside()).toEqual(['file.bin.part', 'file.bin.part.lock']);
      await part.close();
      expect(beside()).toEqual([]);
    },
  );

  it('is not made where the disk fails otherwise', async () => {
    refuseLinks('EIO');
    const target = path.join(root, `f${numFolders++}`, 'file.bin');
    await expect(PartFile.open(target)).rejects.toThrow('EIO: no link');
    expect(readdirSync(path.dirname(target))).toEqual([]);
  });
});
