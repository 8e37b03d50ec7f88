/** @file A member of a zip archive as a source of bytes: inflated on the way, never written to a disk. */

import path from 'node:path';
import { LxmertError, messageOf, UsageError } from '../../common/errors.js';
import type { ByteCursor, ByteSource } from '../lines/byteSource.js';
import type { ZipMember } from './zipDirectory.js';
import { unpackZipMember } from './zipFile.js';
import { listZipMembers } from './zipMembers.js';

/** A source that keeps a stream open between readings; close it when done. */
export interface ZipMemberSource extends ByteSource {
  close(): void;
}

/**
 * Opens the TSV file in an archive.
 *
 * A deflated stream can only be read from its beginning, so a reading that starts further on inflates and drops
 * what comes before. A closed reading leaves its stream for the next one, which goes on with it when it starts at
 * or after that place. Whoever reads to the end has the member's length and CRC-32 checked.
 *
 * @param member its name; when absent, the archive must hold exactly one `.tsv` file.
 * @throws UsageError when there is no such member or several; LxmertError for a damaged archive.
 */
export async function openTsvInZip(archive: string, member?: string): Promise<ZipMemberSource> {
  const members = await listZipMembers(archive);
  const found = chooseMember(archive, members, member);
  let parked: MemberStream | undefined;
  return {
    name: `${archive}: ${found.name}`,
    fileName: path.posix.basename(found.name),
    size: async () => found.numBytes,
    async open(start): Promise<ByteCursor> {
      if (parked !== undefined && parked.position > start) {
        parked.close();
        parked = undefined;
      }
      const stream = parked ?? new MemberStream(archive, found);
      parked = undefined;
      await stream.skipTo(start);
      return {
        read: (buffer, offset, length) => stream.read(buffer, offset, length),
        async close() {
          parked?.close();
          parked = stream;
        },
      };
    },
    close() {
      parked?.close();
      parked = undefined;
    },
  };
}

function chooseMember(archive: string, members: readonly ZipMember[], name: string | undefined): ZipMember {
  // macOS adds a shadow of every file to the archives it makes.
  const tables = members.filter((each) => /\.tsv$/i.test(each.name) && !each.name.startsWith('__MACOSX/'));
  const names = tables.map((each) => each.name).slice(0, 20);
  if (name !== undefined) {
    const found = members.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new UsageError(`${archive} has no member '${name}'. Its TSV files: ${names.join(', ') || 'none'}.`);
  }
  const [only] = tables;
  if (only !== undefined && tables.length === 1) return only;
  throw new UsageError(
    only === undefined
      ? `${archive} holds no TSV file; expected one whose name ends in .tsv.`
      : `${archive} holds ${tables.length} TSV files; name one of them (--member): ${names.join(', ')}.`,
  );
}

/** The unpacked bytes of a member from its beginning. */
class MemberStream {
  position = 0;
  #rest: Buffer = Buffer.alloc(0);
  readonly #chunks: AsyncGenerator<Buffer, void, void>;

  constructor(
    private readonly archive: string,
    private readonly member: ZipMember,
  ) {
    this.#chunks = unpackZipMember(archive, member);
  }

  async read(buffer: Buffer, offset: number, length: number): Promise<number> {
    const chunk = await this.#next();
    const taken = Math.min(length, chunk.length);
    chunk.copy(buffer, offset, 0, taken);
    this.#take(taken);
    return taken;
  }

  async skipTo(position: number): Promise<void> {
    while (this.position < position) {
      const chunk = await this.#next();
      if (chunk.length === 0) return;
      this.#take(Math.min(chunk.length, position - this.position));
    }
  }

  close(): void {
    void this.#chunks.return();
  }

  #take(numBytes: number): void {
    this.#rest = this.#rest.subarray(numBytes);
    this.position += numBytes;
  }

  /** What is there and not yet taken; empty at the end. */
  async #next(): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#pull();
      if (done === true) return this.#rest;
      this.#rest = value;
    }
    return this.#rest;
  }

  async #pull(): Promise<IteratorResult<Buffer, void>> {
    try {
      return await this.#chunks.next();
    } catch (error) {
      throw new LxmertError(
        `${this.archive}: ${this.member.name} is damaged: ${messageOf(error)}. Fetch the archive again, and begin the store anew.`,
        { cause: error },
      );
    }
  }
}
