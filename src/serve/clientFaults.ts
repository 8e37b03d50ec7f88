/** @file Whose fault an error of a request is: the client's, with a sentence for it, or the server's. */

import { endSentence } from '../common/errors.js';
import { ServeError } from './serveError.js';

/** Codes of fastify and its parts for what a client did wrong. */
const CLIENT_FAULTS: Readonly<Record<string, ServeError['code']>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_REQ_FILE_TOO_LARGE: 'too_large',
};

const MEDIA_TYPES =
  "The body should be JSON (Content-Type: application/json, the picture as base64) or a form with the picture's file " +
  '(multipart/form-data, as curl -F sends it); it says that it is of another type. /docs describes both.';
const NO_JSON =
  'The body says that it is JSON (Content-Type: application/json) and is none: expected an object such as ' +
  '{"image": "<base64>", "questions": ["..."]}.';

export function asServeError(error: unknown): ServeError {
  if (error instanceof ServeError) return error;
  const {
    code = '',
    statusCode = 500,
    message = '',
  } = error as { code?: string; statusCode?: number; message?: string };
  const fault = CLIENT_FAULTS[code] ?? (statusCode >= 400 && statusCode < 500 ? 'bad_request' : undefined);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new ServeError('unsupported_media_type', MEDIA_TYPES);
  if (code === 'FST_ERR_CTP_INVALID_JSON_BODY') return new ServeError('bad_request', NO_JSON);
  if (fault !== undefined) return new ServeError(fault, endSentence(message));
  return new ServeError('internal', 'Something went wrong here; the log says what, by the request id.', {
    cause: error,
  });
}
