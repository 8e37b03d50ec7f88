/** @file What a request asks, from JSON. */

import type { z } from 'zod';
import { endSentence } from '../common/errors.js';
import { type FeatureRow, MAX_BOXES } from '../features/files.js';
import { type givenFeatures, MAX_QUESTIONS } from './api.js';
import { ServeError } from './serveError.js';

/** Keys of an object of a request: more than any has. */
const MAX_KEYS = 20;
/** Characters of what is said of a request. */
const MAX_MESSAGE = 300;

/** @throws ServeError naming the first key that is not as expected */
export function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  requireShort(body);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  const message = `${place}${issue?.message ?? 'no JSON object'}`.slice(0, MAX_MESSAGE);
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

export function decodeBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

/** @throws ServeError when the features are no float32 values */
export function rowOf({ width, height, boxes, features }: z.output<typeof givenFeatures>): FeatureRow {
  const bytes = decodeBase64(features);
  if (bytes.byteLength % 4 !== 0) {
    throw new ServeError(
      'bad_request',
      `features must be float32 values; ${bytes.byteLength} bytes were sent.`,
    );
  }
  const numBoxes = boxes.length;
  return {
    imageId: 'features',
    width,
    height,
    numBoxes,
    boxes: Float32Array.from(boxes.flat()),
    features: new Float32Array(new Uint8Array(bytes).buffer),
    objectsId: new BigInt64Array(numBoxes),
    objectsConf: new Float32Array(numBoxes),
    attrsId: new BigInt64Array(numBoxes),
    attrsConf: new Float32Array(numBoxes),
  };
}
