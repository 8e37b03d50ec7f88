/** @file SHA-256 of long lists of texts, in their order. */

import { createHash } from 'node:crypto';

/** Texts are joined up to about this many characters: a call of the hash for each would take most of the time. */
const PART_LENGTH = 1 << 16;

/** Another list gives another hash: a text's length goes before it. */
export class ListHash {
  readonly #hash = createHash('sha256');
  #part = '';

  add(text: string): void {
    this.#part += `${text.length}:${text}`;
    if (this.#part.length < PART_LENGTH) return;
    this.#hash.update(this.#part);
    this.#part = '';
  }

  /** In hexadecimal; the list ends with it. */
  digest(): string {
    return this.#hash.update(this.#part).digest('hex');
  }
}
