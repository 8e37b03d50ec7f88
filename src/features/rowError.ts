/** @file The error at a row that is not sound; what is around it may be. */

import { LxmertError } from '../common/errors.js';

/** A row that is not sound. */
export class RowError extends LxmertError {
  constructor(
    /** File and place in it: `train.tsv, line 3`. */
    place: string,
    /** Number of the row or line, from 1. */
    readonly line: number,
    /** Where it can be read. */
    readonly imageId: string | undefined,
    /** What follows the place. */
    rest: string,
  ) {
    super(`${place}${rest}`);
  }
}
