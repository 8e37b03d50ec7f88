/** @file The unfinished file beside its target: what is there of it, and which version of which address it is. */

import { createHash, type Hash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type FileHandle, link, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { syncFolder, writeFileAtomic } from '../../common/atomicFile.js';
import { hasErrorCode, LxmertError } from '../../common/errors.js';
import { refusesLinks } from '../../common/links.js';
import { makeFolder } from '../../common/makeFolder.js';

const stateSchema = z.strictObject({
  url: z.string(),
  /** A strong ETag, or null. */
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  /** Bytes of the whole file as the server said; null when it did not. */
  size: z.int().min(0).nullable(),
});

/** What the bytes of a part are the beginning of. */
export type PartState = z.infer<typeof stateSchema>;

const CHUNK_BYTES = 1 << 20;

/** Another process has the file. */
export class BusyDownload extends LxmertError {
  constructor(
    readonly holder: number,
    message: string,
  ) {
    super(message);
  }
}

/** `<target>.part` with `<target>.part.json`; one process at a time holds `<target>.part.lock`. */
export class PartFile {
  #hash: Hash = createHash('sha256');
  #length = 0;
  #closed = false;

  private constructor(
    readonly target: string,
    private readonly handle: FileHandle,
    private currentState: PartState | undefined,
  ) {}

  /**
   * Opens what an earlier run left, reading it once for the checksum, or begins.
   *
   * @param name how messages call it
   * @throws BusyDownload when another process works on the same file.
   */
  static async open(
    target: string,
    { signal, name = target }: { signal?: AbortSignal | undefined; name?: string | undefined } = {},
  ): Promise<PartFile> {
    makeFolder(path.dirname(target));
    await takeLock(target, name);
    let handle: FileHandle | undefined;
    try {
      const state = await readState(statePath(target));
      handle = await open(partPath(target), 'r+').catch((error) => {
        if (!hasErrorCode(error, 'ENOENT')) throw error;
        return open(partPath(target), 'wx+');
      });
      const part = new PartFile(target, handle, state);
      // Bytes of which nobody knows what they are the beginning of are of no use.
      if (state === undefined) await handle.truncate(0);
      else await part.#readWhatIsThere(signal);
      return part;
    } catch (error) {
      await handle?.close();
      await releaseLock(target);
      throw error;
    }
  }

  get length(): number {
    return this.#length;
  }

  /** `undefined` before the first {@link restart}. */
  get state(): PartState | undefined {
    return this.currentState;
  }

  /** The path of the bytes so far. */
  get path(): string {
    return partPath(this.target);
  }

  /** Throws the bytes away; those that follow belong to `state`. */
  async restart(state: PartState): Promise<void> {
    // In this order: a state must never stand beside bytes of another.
    await this.discardBytes();
    await writeFileAtomic(statePath(this.target), `${JSON.stringify(state)}\n`);
    this.currentState = state;
  }

  /** Throws the bytes away, with what they are the beginning of. */
  async discardBytes(): Promise<void> {
    await this.handle.truncate(0);
    this.#length = 0;
    this.#hash = createHash('sha256');
    await rm(statePath(this.target), { force: true });
    this.currentState = undefined;
  }

  /** Adds to the end. */
  async append(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, this.#length + done);
      done += bytesWritten;
    }
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  /** SHA-256 of the bytes so far, in hexadecimal. */
  sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Flushes and gives the file its name. */
  async finish(): Promise<void> {
    await this.handle.sync();
    await this.#release(async () => {
      await rename(this.path, this.target);
      await syncFolder(path.dirname(this.target));
      await rm(statePath(this.target), { force: true });
    });
  }

  /** Leaves the bytes for another run; a part without any bytes goes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.#length === 0) await this.discard();
    else await this.#release(async () => undefined);
  }

  /** Removes the bytes and what is known of them. */
  async discard(): Promise<void> {
    await this.#release(async () => {
      await rm(this.path, { force: true });
      await rm(statePath(this.target), { force: true });
    });
  }

  async #release(before: () => Promise<void>): Promise<void> {
    this.#closed = true;
    await this.handle.close();
    try {
      await before();
    } finally {
      await releaseLock(this.target);
    }
  }

  async #readWhatIsThere(signal: AbortSignal | undefined): Promise<void> {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, this.#length);
      if (bytesRead === 0) return;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#length += bytesRead;
    }
  }
}

export const partPath = (target: string): string => `${target}.part`;
const statePath = (target: string): string => `${target}.part.json`;
const lockPath = (target: string): string => `${target}.part.lock`;

async function readState(file: string): Promise<PartState | undefined> {
  try {
    const parsed = stateSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Locks of this process: one that carries its number and is not here was left by a dead process of that number. */
const heldLocks = new Set<string>();

/** Two processes that append to one file would ruin it; a lock whose process is gone does not count. */
async function takeLock(target: string, name: string): Promise<void> {
  const file = lockPath(target);
  for (let attempt = 0; ; attempt++) {
    try {
      await createWhole(file, `${process.pid}\n`);
      heldLocks.add(file);
      return;
    } catch (error) {
      if (!hasErrorCode(error, 'EEXIST') || attempt > 0) throw error;
      const holder = Number(await readFile(file, 'utf8').catch(() => ''));
      if (holder === process.pid ? heldLocks.has(file) : isRunning(holder))
        throw new BusyDownload(
          holder,
          `${name} is being downloaded by another process (number ${holder}). Wait for it. If that is ` +
            `something else, give the download another name, or move ${file} away.`,
        );
      await rm(file, { force: true });
    }
  }
}

/**
 * Makes a file that nobody sees without its content; for less than a moment they do where a disk takes no links.
 *
 * @throws with the code EEXIST when it is there
 */
async function createWhole(file: string, text: string): Promise<void> {
  const own = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(own, text);
  try {
    await link(own, file);
  } catch (error) {
    if (!refusesLinks(error)) throw error;
    writeFileSync(file, text, { flag: 'wx' });
  } finally {
    await rm(own, { force: true });
  }
}

async function releaseLock(target: string): Promise<void> {
  heldLocks.delete(lockPath(target));
  await rm(lockPath(target), { force: true });
}

function isRunning(processId: number): boolean {
  if (!Number.isInteger(processId) || processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return hasErrorCode(error, 'EPERM');
  }
}
