/** @file Directories of archives, plain and zip64, read from memory, and what is refused in them. */

import { describe, expect, it } from 'vitest';
import { readZipDirectory } from '../../src/formats/zip/zipDirectory.js';
import { ZipFault } from '../../src/formats/zip/zipFault.js';
import { makeZip } from './zipFile.js';

const directoryOf = (bytes: Buffer) =>
  readZipDirectory({
    size: bytes.length,
    read: (position, length) => bytes.subarray(position, position + length),
  });

async function faultOf(bytes: Buffer): Promise<ZipFault> {
  const error = await directoryOf(bytes).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ZipFault);
  return error as ZipFault;
}

const data = Buffer.from('one two three');

describe('a zip directory', () => {
  it.each([false, true])('gives the place of each member; zip64: %s', async (zip64) => {
    const bytes = makeZip([
      { name: 'folder/', data: Buffer.alloc(0), zip64 },
      { name: 'folder/a', data, zip64 },
      { name: 'link', data, mode: 0o120777, zip64 },
    ]);
    const [folder, a, link] = await directoryOf(bytes);
    expect([folder!.name, a!.name, link!.name]).toEqual(['folder/', 'folder/a', 'link']);
    expect(bytes.subarray(a!.dataStart, a!.dataStart + a!.packedBytes)).toEqual(data);
    expect([a!.method, a!.numBytes, a!.isEncrypted, a!.isSpecialFile]).toEqual([0, 13, false, false]);
    expect(link!.isSpecialFile).toBe(true);
  });

  it('with members that lie over one another is refused', async () => {
    const bytes = makeZip([
      { name: 'a', data },
      { name: 'b', data },
    ]);
    // The directory's second entry points to the first header.
    const second = bytes.lastIndexOf('PK\x01\x02');
    bytes.writeUInt32LE(0, second + 42);
    const { kind, message } = await faultOf(bytes);
    expect([kind, message]).toEqual(['damaged', 'a and b overlap']);
  });

  it('says of what kind its fault is', async () => {
    const one = { name: 'a', data };
    const whole = makeZip([one]);
    expect((await faultOf(makeZip([one, one]))).kind).toBe('twice');
    expect((await faultOf(whole.subarray(0, -5))).kind).toBe('cut');
    expect((await faultOf(makeZip([{ name: '../a', data }]))).kind).toBe('name');
    whole.writeUInt32LE(5000, whole.length - 6);
    expect((await faultOf(whole)).kind).toBe('damaged');
  });
});
