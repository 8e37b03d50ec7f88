/** @file What a request asks, from a form or JSON. */

import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { endSentence, messageOf } from '../common/errors.js';
import type { FeatureRow } from '../features/row.js';
import {
  type AnswerRequest,
  answerRequest,
  type ExplainRequest,
  explainRequest,
  type givenFeatures,
} from './api.js';
import { asServeError } from './clientFaults.js';
import { ServeError } from './serveError.js';

interface Form {
  readonly bytes: Uint8Array | undefined;
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** @throws ServeError for a form that is cut short or has other files */
export async function readForm(request: FastifyRequest): Promise<Form> {
  const fields = new Map<string, string[]>();
  let bytes: Uint8Array | undefined;
  try {
    for await (const part of request.parts()) {
      if (part.type !== 'file') {
        fields.set(part.fieldname, [...(fields.get(part.fieldname) ?? []), String(part.value)]);
        continue;
      }
      if (part.fieldname !== 'image') {
        throw new ServeError(
          'bad_request',
          `There is no file field '${part.fieldname}': the picture's is 'image'.`,
        );
      }
      bytes = await part.toBuffer();
    }
  } catch (error) {
    // The reader of forms throws plain errors for a form that is cut short or has no boundary.
    if (asServeError(error).code !== 'internal') throw error;
    throw new ServeError('bad_request', `The form cannot be read: ${endSentence(messageOf(error))}`, {
      cause: error,
    });
  }
  return { bytes, fields };
}

/** A request and, from a form, the picture's bytes beside it. */
export type WithBytes<Request> = Request & { readonly bytes?: Uint8Array };

/** Fields `question` (once or more), `topK`, `regions`, `imageId`, `model`, and the file `image`. */
export async function answerFromForm(request: FastifyRequest): Promise<WithBytes<AnswerRequest>> {
  const form = await readForm(request);
  const { question = [], ...others } = knownFields(form, ['question', 'topK', 'regions', 'imageId', 'model']);
  return withBytes(form, parse(answerRequest, { ...others, questions: question }));
}

/** The same with one `question` and without `regions`. */
export async function explainFromForm(request: FastifyRequest): Promise<WithBytes<ExplainRequest>> {
  const form = await readForm(request);
  const { question = [], ...others } = knownFields(form, ['question', 'topK', 'imageId', 'model']);
  return withBytes(form, parse(explainRequest, { ...others, question: question[0] }));
}

/** The fields as the schemas want them. */
function knownFields({ bytes, fields }: Form, known: readonly string[]) {
  for (const name of fields.keys()) {
    if (known.includes(name)) continue;
    const names = `${known.slice(0, -1).join(', ')} and ${known.at(-1)}`;
    throw new ServeError('bad_request', `There is no field '${name}': ${names} are known.`);
  }
  const one = (name: string): string | undefined => fields.get(name)?.[0];
  const topK = one('topK');
  const [imageId, model] = [one('imageId'), one('model')];
  return {
    // The picture's bytes follow beside it; the schema is told of a picture all the same.
    ...(bytes === undefined ? {} : { image: 'AAAA' }),
    ...(imageId === undefined ? {} : { imageId }),
    ...(model === undefined ? {} : { model }),
    ...(topK === undefined ? {} : { topK: Number(topK) }),
    ...(known.includes('regions') ? { regions: one('regions') === 'true' } : {}),
    ...(fields.has('question') ? { question: fields.get('question') } : {}),
  };
}

function withBytes<Request extends object>({ bytes }: Form, request: Request): WithBytes<Request> {
  return bytes === undefined ? request : { ...request, bytes };
}

/** @throws ServeError naming the first key that is not as expected */
export function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new ServeError(
    'bad_request',
    `The request is not as expected: ${place}${issue?.message ?? 'no JSON object'}.`,
  );
}

export function decodeBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}

/** @throws ServeError when there is none */
export function requireImage(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes !== undefined && bytes.byteLength > 0) return bytes;
  throw new ServeError('bad_request', "The request has no picture: send its file as the field 'image'.");
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
