/** @file The one error of this room: a file that is not the checkpoint it should be. */

import { LxmertError } from '../common/errors.js';

/** A checkpoint that cannot be read; the message begins with the file and says what to do. */
export class CheckpointError extends LxmertError {
  constructor(
    readonly file: string,
    sentence: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${sentence}`, options);
  }
}
