/** @file An exported folder wherever it lies, and the check of each of its files against the manifest. */

import { LxmertError } from '../common/errors.js';
import type { Manifest } from './manifest.js';

/** Told of bytes that have arrived. */
export type LoadProgress = (state: {
  /** The file that is read, as the manifest calls it. */
  readonly file: string;
  /** Of all files that are loaded. */
  readonly numBytes: number;
  readonly totalBytes: number;
}) => void;

/** A folder on a disk, on a server or in a browser's cache. */
export interface ExportedFolder {
  /** As messages name it: a path or a URL, without a slash at its end. */
  readonly name: string;
  /**
   * @param path within the folder, with `/` between its parts
   * @param maxBytes more are refused before they are read
   * @returns undefined when there is no such file
   */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /**
   * The bytes of a large file, or its path where the folder lies on a disk and `asPath` is asked for; checked against what
   * the manifest says of it.
   *
   * @throws LxmertError when it is missing, cut or changed
   */
  readLarge(
    path: string,
    expected: FileFacts,
    /** `onBytes` is told how many bytes of the file have come so far. */
    options: { readonly asPath: boolean; readonly onBytes?: ((numBytes: number) => void) | undefined },
  ): Promise<Uint8Array | string>;
}

/** What the manifest says of a file. */
export type FileFacts = Manifest['files'][string];

/** @throws LxmertError for a file of another size than the manifest says */
export function requireSize(name: string, found: number, { numBytes }: FileFacts): void {
  if (found === numBytes) return;
  const how = found < numBytes ? 'was cut short' : 'is another file';
  throw new LxmertError(
    `${name} has ${found} bytes, where the manifest beside it says ${numBytes}: it ${how}. Copy or download the folder again.`,
  );
}

/** @throws LxmertError for a file with another checksum than the manifest says */
export function requireChecksum(name: string, found: string, { sha256 }: FileFacts): void {
  if (found === sha256) return;
  throw new LxmertError(
    `${name} was changed after the export: its SHA-256 should be ${sha256}, and is ${found}. Copy or download the folder again.`,
  );
}

/** @throws LxmertError always: a file that the manifest names is not there */
export function missingFile(name: string): LxmertError {
  return new LxmertError(
    `There is no ${name}, although the manifest of the folder names it. Copy or download the whole folder again.`,
  );
}
