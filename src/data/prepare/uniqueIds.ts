/** @file Ids that a file may have once. */

import { LxmertError } from '../../common/errors.js';

export class UniqueIds {
  readonly #seen = new Set<number | string>();

  /**
   * @param file as messages call it
   * @param noun what has the ids: "question"
   */
  constructor(
    private readonly file: string,
    private readonly noun: string,
  ) {}

  /** @throws LxmertError for an id that was there before */
  add(id: number | string): void {
    if (this.#seen.has(id)) throw new LxmertError(`${this.file} has the ${this.noun} ${id} twice.`);
    this.#seen.add(id);
  }
}
