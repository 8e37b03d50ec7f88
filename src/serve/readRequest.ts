/** @file What a request asks, from JSON. */

import { z } from 'zod';
import { endSentence } from '../common/errors.js';
import { inWords } from '../common/schemaWords.js';
import { MAX_BOXES } from '../features/files.js';
import { MAX_QUESTIONS } from './api.js';
import { ServeError } from './serveError.js';

/** Keys of an object of a request: more than any has. */
const MAX_KEYS = 20;
/** Characters of what is said of a request. */
const MAX_MESSAGE = 300;

/** @throws ServeError naming the first key that is not as expected */
export function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  requireShort(body);
  const parsed = schema.safeParse(body, { error: inWords });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  const message = `${place}${issue === undefined ? 'no JSON object' : wordsOf(issue, schema)}`.slice(
    0,
    MAX_MESSAGE,
  );
  throw new ServeError('bad_request', `The request is not as expected: ${endSentence(message)}`);
}

/** Schemas look at every element and key before they count them: with millions that would hold everybody up. */
function requireShort(body: unknown): void {
  const { questions, features } = objectOf(body) as { questions?: unknown; features?: unknown };
  const { boxes } = objectOf(features) as { boxes?: unknown };
  const lists = [
    ['questions', questions, MAX_QUESTIONS],
    ['features.boxes', boxes, MAX_BOXES],
    ['keys', Object.keys(objectOf(body)), MAX_KEYS],
    ['keys of features', Object.keys(objectOf(features)), MAX_KEYS],
  ] as const;
  for (const [name, list, most] of lists) {
    if (!Array.isArray(list) || list.length <= most) continue;
    throw new ServeError(
      'bad_request',
      `The request is not as expected: ${name}: at most ${most} are taken, and ${list.length} were sent.`,
    );
  }
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** Keys that nobody knows are told with those that are known. */
function wordsOf(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  if (issue.code !== 'unrecognized_keys') return issue.message;
  const known = issue.path.length === 0 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const names = issue.keys.map((key) => `'${key}'`).join(', ');
  return `there is no key ${names}${known.length === 0 ? '' : `; known are ${known.join(', ')}`}`;
}
