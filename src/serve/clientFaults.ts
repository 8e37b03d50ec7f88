/** @file Whose fault an error of a request is: the client's, with a sentence for it, or the server's. */

import { endSentence } from '../common/errors.js';
import { ServeError } from './serveError.js';

/** Codes of fastify and its parts for what a client did wrong. */
const CLIENT_FAULTS: Readonly<Record<string, ServeError['code']>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_REQ_FILE_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
};

export function asServeError(error: unknown): ServeError {
  if (error instanceof ServeError) return error;
  const {
    code = '',
    statusCode = 500,
    message = '',
  } = error as { code?: string; statusCode?: number; message?: string };
  const fault = CLIENT_FAULTS[code] ?? (statusCode >= 400 && statusCode < 500 ? 'bad_request' : undefined);
  if (fault !== undefined) return new ServeError(fault, endSentence(message));
  return new ServeError('internal', 'Something went wrong here; the log says what, by the request id.', {
    cause: error,
  });
}
