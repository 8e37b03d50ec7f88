/** @file The members of a .pth file's zip archive: stored, so that tensors can be read where they lie. */

import {
  readZipDirectory,
  type ZipDirectoryOptions,
  type ZipMember,
} from '../../formats/zip/zipDirectory.js';
import { ZipFault } from '../../formats/zip/zipFault.js';
import { CheckpointError } from '../checkpointError.js';
import type { FileReader } from './fileReader.js';

/** A stored (uncompressed) member: `byteLength` bytes at `byteOffset` of the archive. */
export interface StoredMember {
  readonly name: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly crc32: number;
}

/** Lists the members of an archive by name. @throws CheckpointError when the archive is damaged or compressed. */
export async function listStoredMembers(
  file: FileReader,
  options: ZipDirectoryOptions = {},
): Promise<Map<string, StoredMember>> {
  const members = await readZipDirectory(file, options).catch((error: unknown) => {
    throw error instanceof ZipFault ? faultError(file, error) : error;
  });
  return new Map(members.map((member) => [member.name, asStored(file, member)]));
}

function asStored(file: FileReader, member: ZipMember): StoredMember {
  const { name, dataStart, packedBytes, crc32 } = member;
  if (member.isEncrypted) throw damaged(file, `${name} is encrypted`);
  if (member.method !== 0) {
    throw new CheckpointError(
      file.path,
      `${name} is compressed inside the zip archive, and torch stores weights uncompressed. Unpack the archive and pack it again without compression (zip -0 -r).`,
    );
  }
  if (packedBytes !== member.numBytes) throw damaged(file, `${name} has two different sizes`);
  return { name, byteOffset: dataStart, byteLength: packedBytes, crc32 };
}

function faultError(file: FileReader, fault: ZipFault): CheckpointError {
  if (fault.kind !== 'cut') return damaged(file, fault.message, fault);
  return new CheckpointError(
    file.path,
    `the file is cut short: it begins as a zip archive (the layout of newer .pth files), but the directory at its end is missing. Download or copy it again.`,
    { cause: fault },
  );
}

function damaged(file: FileReader, fault: string, cause?: unknown): CheckpointError {
  return new CheckpointError(file.path, `the zip archive is damaged (${fault}). Download or copy it again.`, {
    cause,
  });
}
