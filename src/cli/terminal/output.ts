/**
 * @file What is printed: output that nobody reads never ends the work that it is about, and what could not be written for
 * another reason is told in the end.
 */

import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../common/errors.js';
import { systemFault } from '../../common/systemFault.js';

/** Errors of a stream whose reader has gone: a pipe that was closed, a terminal that is no more. */
const UNREAD = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ENXIO', 'ERR_STREAM_DESTROYED']);

/** Listens to the errors of two streams, from construction to {@link end}. */
export class OutputFaults {
  #fault: Error | undefined;

  constructor(private readonly streams: readonly NodeJS.WriteStream[]) {
    for (const stream of streams) stream.on('error', this.#note);
  }

  /** A sentence on why what was printed is not whole; undefined when it is, or when nobody was there to read it. */
  async end(): Promise<string | undefined> {
    // A stream tells of an error after the write that failed has returned.
    await setImmediate();
    for (const stream of this.streams) stream.off('error', this.#note);
    // A reader may still go away: what is buffered is written when nobody listens here any more.
    for (const stream of this.streams) stream.on('error', () => undefined);
    if (this.#fault === undefined) return undefined;
    const reason = systemFault(this.#fault)?.sentence ?? `${messageOf(this.#fault)}.`;
    return `What was to be printed could not be written whole: ${reason}`;
  }

  readonly #note = (error: NodeJS.ErrnoException): void => {
    if (!UNREAD.has(error.code ?? '')) this.#fault ??= error;
  };
}
