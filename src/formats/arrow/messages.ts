/** @file The messages of an Arrow file, one after another: what each is, and where its body lies. */

import type { SyncRandomAccess } from '../randomAccess.js';
import { ArrowFault, FlatTable, withinBytes } from './flatTable.js';

export interface ArrowMessage {
  readonly kind: 'schema' | 'batch' | 'dictionary' | 'other';
  readonly table: FlatTable;
  /** Of its metadata. */
  readonly start: number;
  readonly bodyStart: number;
  readonly bodyBytes: number;
}

/** How a walk over the messages ends. */
export interface MessagesEnd {
  /** False where bytes stop without the mark that a writer sets when it is closed. */
  readonly isClosed: boolean;
}

const MARK = 'ARROW1';
/** The mark of the file form, filled up to eight bytes. */
const FILE_START = 8;
/** Stands before the length of metadata. */
const CONTINUATION = 0xffffffff;
/** Metadata name each column of a batch; thousands of columns take less. */
const MAX_METADATA_BYTES = 1 << 24;

const MESSAGE = { kind: 1, header: 2, bodyBytes: 3 } as const;
const FOOTER_SCHEMA = 1;
const KINDS: Readonly<Record<number, ArrowMessage['kind']>> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };

/**
 * Reads the metadata of every message, and no body. Both forms have the same messages: the file form begins with a mark
 * and ends with a list of them, which is not needed.
 *
 * @throws ArrowFault where they are cut or damaged
 */
export function* readMessages(file: SyncRandomAccess): Generator<ArrowMessage, MessagesEnd, undefined> {
  const isFile = isFileForm(file);
  if (isFile && (file.size < FILE_START + MARK.length || textAt(file, file.size - MARK.length) !== MARK))
    throw new ArrowFault('its end is missing: it was cut, or its writer was never closed');
  for (let at = isFile ? FILE_START : 0; at < file.size; ) {
    const found = readPrefix(file, at);
    if (found.metadataBytes === 0) {
      if (!isFile && found.start < file.size)
        throw new ArrowFault(`${file.size - found.start} bytes follow the mark of its end`);
      return { isClosed: true };
    }
    const message = readMessage(file, found.start, found.metadataBytes);
    yield message;
    at = message.bodyStart + message.bodyBytes;
  }
  return { isClosed: false };
}

/**
 * The columns that the file form names at its end: apache-arrow for JavaScript names them there alone.
 *
 * @throws ArrowFault when the end is damaged
 */
export function footerSchema(file: SyncRandomAccess): FlatTable | undefined {
  const end = file.size - MARK.length - 4;
  if (end < FILE_START || !isFileForm(file)) return undefined;
  const numBytes = file.read(end, 4).readUInt32LE(0);
  if (numBytes > MAX_METADATA_BYTES || numBytes > end - FILE_START)
    throw new ArrowFault(`its end states a list of ${numBytes} bytes, which it does not have`);
  return withinBytes('its end', () =>
    FlatTable.root(file.read(end - numBytes, numBytes)).table(FOOTER_SCHEMA),
  );
}

/** Whether it begins with the mark of the file form; else it is a stream. */
export function isFileForm(file: SyncRandomAccess): boolean {
  return file.size >= MARK.length && textAt(file, 0) === MARK;
}

function textAt(file: SyncRandomAccess, at: number): string {
  return file.read(at, MARK.length).toString('latin1');
}

function readPrefix(
  file: SyncRandomAccess,
  at: number,
): { readonly start: number; readonly metadataBytes: number } {
  if (at + 8 > file.size) throw new ArrowFault(`it is cut at byte ${at}`);
  const prefix = file.read(at, 8);
  if (prefix.readUInt32LE(0) !== CONTINUATION)
    throw new ArrowFault(`no message begins at byte ${at}, where one should`);
  return { start: at + 8, metadataBytes: prefix.readUInt32LE(4) };
}

function readMessage(file: SyncRandomAccess, start: number, metadataBytes: number): ArrowMessage {
  if (metadataBytes > MAX_METADATA_BYTES)
    throw new ArrowFault(`a message states metadata of ${metadataBytes} bytes, which no table has`);
  if (start + metadataBytes > file.size) throw new ArrowFault(`it is cut at byte ${start}`);
  return withinBytes(`the message at byte ${start}`, () => {
    const message = FlatTable.root(file.read(start, metadataBytes));
    const table = message.table(MESSAGE.header);
    if (table === undefined) throw new ArrowFault(`the message at byte ${start} is empty`);
    const [bodyStart, bodyBytes] = [start + metadataBytes, message.count(MESSAGE.bodyBytes)];
    if (bodyBytes > file.size - bodyStart)
      throw new ArrowFault(
        `it is cut: the message at byte ${start} should have ${bodyBytes} bytes, and ${file.size - bodyStart} follow`,
      );
    return { kind: KINDS[message.uint8(MESSAGE.kind)] ?? 'other', table, start, bodyStart, bodyBytes };
  });
}

/** Reads again the message that was found at `start`. */
export function messageAt(file: SyncRandomAccess, start: number): ArrowMessage {
  return readMessage(file, start, readPrefix(file, start - 8).metadataBytes);
}
