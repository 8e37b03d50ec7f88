/** @file Whose fault an error of a request is: the client's, with a sentence for it, or the server's. */

import { endSentence } from '../common/errors.js';
import { MAX_CHOICES } from '../inference/requests.js';
import { MAX_QUESTIONS } from './api.js';
import { ServeError } from './serveError.js';

/** Codes of fastify and its parts for what a client did wrong. */
const CLIENT_FAULTS: Readonly<Record<string, ServeError['code']>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_REQ_FILE_TOO_LARGE: 'too_large',
};

const MEDIA_TYPES =
  "The body should be JSON (Content-Type: application/json, the picture as base64) or a form with the picture's file " +
  '(multipart/form-data, as curl -F sends it); it says that it is of another type. /docs describes both.';
const EXAMPLE = 'expected an object such as {"image": "<base64>", "questions": ["..."]}.';
const MANY_FIELDS = `The form has too many fields: at most ${MAX_QUESTIONS} questions and ${MAX_CHOICES} choices are taken.`;

/** What is said in place of their own words, which are for whoever writes a server. */
const SENTENCES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: `The body says that it is JSON (Content-Type: application/json) and is none: ${EXAMPLE}`,
  FST_ERR_CTP_EMPTY_JSON_BODY: `The body says that it is JSON (Content-Type: application/json) and is empty: ${EXAMPLE}`,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as its Content-Length says.',
  FST_FILES_LIMIT: "The form has more than one file: a request is about one picture, the file 'image'.",
  FST_FIELDS_LIMIT: MANY_FIELDS,
  FST_PARTS_LIMIT: MANY_FIELDS,
  FST_PROTO_VIOLATION: 'The form has a field of a name that JavaScript keeps for itself.',
  FST_INVALID_JSON_FIELD_ERROR: 'A field of the form says that it is JSON and is none.',
  FST_MP_PREMATURE_CLOSE: 'The form ended before it was whole.',
};

/** What the reader of forms throws as plain errors, by their words. */
const FORM_FAULTS: Readonly<Record<string, string>> = {
  'Multipart: Boundary not found':
    'its Content-Type names no boundary, which curl -F and FormData add by themselves when the type is left to them.',
  'Unexpected end of multipart data': 'it is cut short, the line that ends it is missing.',
  'Unexpected end of form': 'it is cut short, the line that ends it is missing.',
};

export function wordsOfForm(message: string): string {
  return FORM_FAULTS[message] ?? endSentence(message);
}

export function asServeError(error: unknown): ServeError {
  if (error instanceof ServeError) return error;
  const {
    code = '',
    statusCode = 500,
    message = '',
  } = error as { code?: string; statusCode?: number; message?: string };
  const fault = CLIENT_FAULTS[code] ?? (statusCode >= 400 && statusCode < 500 ? 'bad_request' : undefined);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new ServeError('unsupported_media_type', MEDIA_TYPES);
  if (fault !== undefined) return new ServeError(fault, SENTENCES[code] ?? endSentence(message));
  return new ServeError('internal', 'Something went wrong here; the log says what, by the request id.', {
    cause: error,
  });
}
