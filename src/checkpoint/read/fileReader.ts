/** @file Bounded positional reads from a checkpoint file. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { hasErrorCode, UsageError } from '../../common/errors.js';
import { CheckpointError } from '../checkpointError.js';

/** An open file of known size. Reads are synchronous: they are headers, a few kilobytes each. */
export class FileReader implements Disposable {
  #descriptor: number;

  private constructor(
    readonly path: string,
    descriptor: number,
    readonly size: number,
  ) {
    this.#descriptor = descriptor;
  }

  /** @throws UsageError when there is no such file, or it is a folder or may not be read. */
  static open(path: string): FileReader {
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) throw new UsageError(`${path}: there is no such checkpoint file.`);
      if (hasErrorCode(error, 'EACCES')) throw new UsageError(`${path}: this file may not be read by you.`);
      throw new UsageError(`${path}: the checkpoint file cannot be opened (${String(error)}).`);
    }
    const stats = fstatSync(descriptor);
    if (stats.isFile()) return new FileReader(path, descriptor, stats.size);
    closeSync(descriptor);
    throw new UsageError(
      stats.isDirectory()
        ? `${path}: this is a folder; name the weights file inside it (such as model.safetensors, pytorch_model.bin or BEST.pth).`
        : `${path}: this is not a regular file; copy the weights to one.`,
    );
  }

  /** `length` bytes at `offset`. @throws CheckpointError when the file ends before. */
  read(offset: number, length: number): Buffer {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw truncated(this.path, offset + length, this.size);
    }
    const buffer = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.#descriptor, buffer, done, length - done, offset + done);
      if (count === 0) throw truncated(this.path, offset + length, offset + done);
      done += count;
    }
    return buffer;
  }

  /** The first bytes, fewer when the file is shorter. */
  head(length: number): Buffer {
    return this.read(0, Math.min(length, this.size));
  }

  [Symbol.dispose](): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
  }
}

/** The sentence for a file that ends too early. */
export function truncated(path: string, needed: number, size: number): CheckpointError {
  return new CheckpointError(
    path,
    `the file is cut short: at least ${needed} bytes are needed and it has ${size}. Download or copy it again.`,
  );
}
