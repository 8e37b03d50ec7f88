/** @file The body of an answer, kept from the moment it arrives: the end of a connection takes nothing away that was sent. */

import type { IncomingMessage } from 'node:http';

/** So many bytes wait to be read before the sender has to wait as well. */
const ENOUGH_BYTES = 1 << 16;

/**
 * Streams drop what nobody has read yet when their connection breaks off, and how much that is differs between versions
 * of Node.js. This keeps it: the chunks come first, then the failure.
 */
export class ArrivedBody {
  readonly #response: IncomingMessage;
  readonly #chunks: Buffer[] = [];
  #numBytes = 0;
  #isOver = false;
  #error: unknown;
  #wake: () => void = () => undefined;

  /** Call it when the response comes, before anything is waited for. */
  constructor(response: IncomingMessage) {
    this.#response = response;
    response.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#numBytes += chunk.length;
      if (this.#numBytes >= ENOUGH_BYTES) response.pause();
      this.#wake();
    });
    const end = (error?: unknown): void => {
      this.#error ??= error;
      this.#isOver = true;
      this.#wake();
    };
    response.once('end', () => end());
    response.once('error', end);
    response.once('close', () => {
      if (!this.#isOver) end(response.errored ?? prematureClose());
    });
  }

  /** @throws what ended the body before its end, after all that had arrived. */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#numBytes -= chunk.length;
        yield chunk;
      } else if (this.#isOver) {
        if (this.#error != null) throw this.#error;
        return;
      } else {
        const more = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#response.resume();
        await more;
      }
    }
  }
}

function prematureClose(): Error {
  return Object.assign(new Error('The connection was closed.'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
}
