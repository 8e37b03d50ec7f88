/** @file The splits of a data set whose records say which they are of: a file each. */

import { UsageError } from '../../common/errors.js';
import type { RawFile } from './rawFiles.js';

export interface RawSplit {
  /** `train`; `train.json` is written. */
  readonly name: string;
  readonly raw: RawFile;
}

export class RawSplits {
  readonly #splits: RawSplit[] = [];

  /** @param dataSet as a person calls it */
  constructor(private readonly dataSet: string) {}

  /** @throws UsageError for a split that was there before */
  add(name: string, raw: RawFile): void {
    const other = this.#splits.find((split) => split.name === name);
    if (other !== undefined) {
      throw new UsageError(
        `Both ${other.raw.name} and ${raw.name} are the ${name} split of ${this.dataSet}; give only one of them.`,
      );
    }
    this.#splits.push({ name, raw });
  }

  /** As people name them: train, val, test, then others. */
  get inOrder(): RawSplit[] {
    const place = ({ name }: RawSplit): number => ['train', 'val', 'test', name].indexOf(name);
    return this.#splits.toSorted((a, b) => place(a) - place(b));
  }
}
