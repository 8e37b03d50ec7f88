/** @file Failures that a client of the server is told of, with the status of HTTP that fits. */

import { LxmertError } from '../common/errors.js';

export type ServeErrorCode =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'too_large'
  | 'unsupported_media_type'
  | 'unprocessable_image'
  | 'overloaded'
  | 'timeout'
  | 'shutting_down'
  | 'internal';

const STATUS: Readonly<Record<ServeErrorCode, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable_image: 422,
  overloaded: 429,
  timeout: 504,
  shutting_down: 503,
  internal: 500,
};

export class ServeError extends LxmertError {
  readonly status: number;

  constructor(
    readonly code: ServeErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = STATUS[code];
  }
}
