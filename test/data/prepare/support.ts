/** @file Folders, hand-made raw files and zip archives that the tests of preparation share. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll } from 'vitest';
import { makeZip as makeArchive } from '../../formats/zipFile.js';

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
  return makeArchive(
    members.map(({ name, content, wrongChecksum = false, isStored = false }) => ({
      name,
      data: Buffer.from(content),
      deflate: !isStored,
      flags: 0x0800, // names are UTF-8
      crc: (crc32(content) ^ Number(wrongChecksum)) >>> 0,
    })),
  );
}
