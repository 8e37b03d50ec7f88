/** @file Folders, hand-made raw files and zip archives that the tests of preparation share. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll } from 'vitest';

/** A new empty folder that goes away after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-prepare-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files (objects as JSON) into a folder, which is made, and gives the folder. */
export function writeFiles(folder: string, files: Record<string, unknown>): string {
  for (const [name, content] of Object.entries(files)) {
    const target = path.join(folder, name);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(
      target,
      typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
    );
  }
  return folder;
}

export function readJson(...parts: string[]): unknown {
  return JSON.parse(readFileSync(path.join(...parts), 'utf8'));
}

/** Names in a folder, also hidden ones: what a failed run left behind. Empty when there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

export interface MadeMember {
  readonly name: string;
  readonly content: string;
  /** A wrong checksum, to be found. */
  readonly wrongChecksum?: boolean;
  readonly isStored?: boolean;
}

/** A zip archive, made by the book and not by a library, so that its names can be anything. */
export function makeZip(members: readonly MadeMember[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content, wrongChecksum = false, isStored = false } of members) {
    const bytes = Buffer.from(content);
    const packed = isStored ? bytes : deflateRawSync(bytes);
    const encoded = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0); // version needed
    fields.writeUInt16LE(0x0800, 2); // names are UTF-8
    fields.writeUInt16LE(isStored ? 0 : 8, 4);
    fields.writeUInt16LE(0x21, 8); // 1980-01-01
    fields.writeUInt32LE((crc32(bytes) ^ Number(wrongChecksum)) >>> 0, 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(encoded.length, 22);
    const localHeader = Buffer.concat([Buffer.from('PK\x03\x04'), fields, encoded]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, tail, encoded]));
    local.push(localHeader, packed);
    offset += localHeader.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}
