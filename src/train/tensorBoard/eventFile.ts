/** @file A TensorBoard event file, written record by record, without TensorFlow. */

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { endSentence, hasErrorCode, LxmertError, messageOf } from '../../common/errors.js';
import { makeFolder } from '../../common/makeFolder.js';
import { systemFault } from '../../common/systemFault.js';
import { type EventTime, fileVersionEvent, scalarEvent, sessionStartEvent, textEvent } from './event.js';
import { encodeRecord } from './record.js';

export interface EventFileOptions {
  /**
   * Steps that were done before this start, when a run is resumed. TensorBoard then forgets what earlier files of
   * the folder say of later steps: those steps are trained again.
   */
  readonly numStepsDone?: number;
  /** When the file is begun, in seconds since 1970. Default: now. */
  readonly startSeconds?: number;
  /** Default: this machine's name. */
  readonly host?: string;
}

/** Buffered records are written when they have grown to this. */
const BUFFER_BYTES = 1 << 16;

/** Tries to find a name: more starts of one run in one second are a fault elsewhere. */
const MAX_NAMES = 100;

/**
 * Writes `events.out.tfevents.<seconds>.<host>` in a folder, a new file for each start: TensorBoard reads all files
 * of a folder in the order of their names as one run. Whole records are buffered, and on disk after {@link flush} or
 * {@link close}; an event file is a log, read while it grows, so it has its real name from the start.
 */
export class EventFile {
  #descriptor: number | undefined;
  #pending: Uint8Array[] = [];
  #numPendingBytes = 0;

  private constructor(
    readonly path: string,
    descriptor: number,
  ) {
    this.#descriptor = descriptor;
  }

  /**
   * Makes the folder if needed and a new file in it.
   *
   * @throws LxmertError when the file cannot be made or written
   */
  static create(folder: string, options: EventFileOptions = {}): EventFile {
    const { numStepsDone = 0, startSeconds = Date.now() / 1000, host = hostname() } = options;
    // Ten digits, so that names sort by time; a host's name must not leave the folder.
    const seconds = String(Math.floor(startSeconds)).padStart(10, '0');
    const name = `events.out.tfevents.${seconds}.${host.replace(/[^A-Za-z0-9._-]/g, '_') || 'localhost'}`;
    const file = openNew(folder, name);
    const eventFile = new EventFile(file.path, file.descriptor);
    eventFile.#append(fileVersionEvent(startSeconds));
    if (numStepsDone > 0) {
      eventFile.#append(
        sessionStartEvent({ wallTimeSeconds: startSeconds, step: checkedStep(numStepsDone) + 1 }),
      );
    }
    eventFile.flush();
    return eventFile;
  }

  /**
   * Adds a point to the curve `tag`, such as `train/loss`. The value is kept as float32.
   *
   * @param step Steps done, a whole number from 0
   * @param wallTimeSeconds Seconds since 1970; default now
   * @throws LxmertError when the file is closed or cannot be written
   */
  scalar(tag: string, value: number, step: number, wallTimeSeconds?: number): void {
    this.#append(scalarEvent(timeOf(step, wallTimeSeconds), tag, value));
  }

  /** Adds a text, shown as Markdown, under `tag`; otherwise as {@link scalar}. */
  text(tag: string, text: string, step: number, wallTimeSeconds?: number): void {
    this.#append(textEvent(timeOf(step, wallTimeSeconds), tag, text));
  }

  /**
   * Hands all records to the system: another process sees them.
   *
   * @throws LxmertError when the file is closed or cannot be written; the next call goes on where this one failed
   */
  flush(): void {
    const descriptor = this.#openDescriptor();
    try {
      for (let bytes = this.#pending[0]; bytes !== undefined; bytes = this.#pending[0]) {
        const numWritten = writeSync(descriptor, bytes);
        this.#numPendingBytes -= numWritten;
        // What a full disk took is never written twice: that would spoil the framing of all that follows.
        if (numWritten === bytes.length) this.#pending.shift();
        else this.#pending[0] = bytes.subarray(numWritten);
      }
    } catch (cause) {
      throw new LxmertError(`The event file ${this.path} cannot be written. ${reasonOf(cause)}`, { cause });
    }
  }

  /** Flushes to the disk and closes. A second call does nothing. */
  close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    try {
      this.flush();
      fsyncSync(descriptor);
    } finally {
      this.#descriptor = undefined;
      closeSync(descriptor);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #append(event: Uint8Array): void {
    this.#openDescriptor();
    const record = encodeRecord(event);
    this.#pending.push(record);
    this.#numPendingBytes += record.length;
    if (this.#numPendingBytes >= BUFFER_BYTES) this.flush();
  }

  #openDescriptor(): number {
    if (this.#descriptor === undefined) {
      throw new LxmertError(
        `The event file ${this.path} is closed. Begin a new one with EventFile.create to log more.`,
      );
    }
    return this.#descriptor;
  }
}

/** Opens a file that did not exist, numbered when the name is taken by a start in the same second. */
function openNew(folder: string, name: string): { readonly path: string; readonly descriptor: number } {
  try {
    makeFolder(folder);
    for (let attempt = 0; ; attempt++) {
      const file = path.join(folder, attempt === 0 ? name : `${name}.${attempt}`);
      try {
        return { path: file, descriptor: openSync(file, 'ax') };
      } catch (error) {
        if (!hasErrorCode(error, 'EEXIST') || attempt === MAX_NAMES) throw error;
      }
    }
  } catch (cause) {
    throw new LxmertError(`No event file could be made in '${folder}'. ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  return systemFault(error)?.sentence ?? endSentence(messageOf(error));
}

function timeOf(step: number, wallTimeSeconds = Date.now() / 1000): EventTime {
  return { step: checkedStep(step), wallTimeSeconds };
}

function checkedStep(step: number): number {
  if (Number.isSafeInteger(step) && step >= 0) return step;
  throw new LxmertError(
    `An event file counts steps in whole numbers from 0, and got ${step}. Give the number of steps done.`,
  );
}
