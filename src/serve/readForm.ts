/** @file Requests that come as forms. */

import type { FastifyRequest } from 'fastify';
import { messageOf } from '../common/errors.js';
import { type AnswerRequest, answerRequest, type ExplainRequest, explainRequest } from './api.js';
import { leaseOf, SMALL_BODY } from './bodyMemory.js';
import { asServeError, wordsOfForm } from './clientFaults.js';
import { abortable, deadlineOf } from './deadlines.js';
import { noPicture, type Picture, pictureFrom } from './picture.js';
import { parse } from './readRequest.js';
import { ServeError } from './serveError.js';

/** A request and, from a form, the picture beside it. */
export type WithPicture<Request> = Request & { readonly picture?: Picture };

interface Form {
  readonly picture: Picture | undefined;
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** Fields `question` and `choice` (once or more), `topK`, `regions`, `imageId`, `model`, and the file `image`. */
export async function answerFromForm(request: FastifyRequest): Promise<WithPicture<AnswerRequest>> {
  const form = await readForm(request, ['question', 'topK', 'choice', 'regions', 'imageId', 'model']);
  const choices = form.fields.get('choice');
  const questions = form.fields.get('question');
  if (questions === undefined)
    throw new ServeError(
      'bad_request',
      "The request asks nothing: send each question as a field 'question'.",
    );
  const asked = {
    ...settingsOf(form),
    questions,
    ...(choices === undefined ? {} : { choices }),
  };
  return withPicture(form, parse(answerRequest, asked));
}

/** The same with one `question`, with `method` and `without` (JSON), and without `regions`. */
export async function explainFromForm(request: FastifyRequest): Promise<WithPicture<ExplainRequest>> {
  const form = await readForm(request, [
    'question',
    'topK',
    'method',
    'without',
    'selfAttention',
    'imageId',
    'model',
  ]);
  const method = one(form, 'method');
  const question = one(form, 'question');
  const without = one(form, 'without');
  const selfAttention = one(form, 'selfAttention');
  const asked = {
    ...settingsOf(form),
    question,
    ...(method === undefined ? {} : { method }),
    ...(without === undefined ? {} : { without: jsonOf(without, 'without') }),
    ...(selfAttention === undefined ? {} : { selfAttention: jsonOf(selfAttention, 'selfAttention') }),
  };
  return withPicture(form, parse(explainRequest, asked));
}

/** @throws ServeError when it is no JSON */
function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ServeError('bad_request', `The field '${name}' is not JSON.`, { cause });
  }
}

/** The file `image` alone. */
export async function pictureFromForm(request: FastifyRequest): Promise<Picture> {
  const { picture } = await readForm(request, []);
  if (picture === undefined) throw noPicture();
  return picture;
}

/** @throws ServeError for a form that is cut short, comes too slowly, or has other fields or files */
async function readForm(request: FastifyRequest, known: readonly string[]): Promise<Form> {
  try {
    return await abortable(readParts(request, known), deadlineOf(request));
  } catch (error) {
    // The reader of forms throws plain errors for a form that is cut short or has no boundary.
    if (asServeError(error).code !== 'internal') throw error;
    throw new ServeError('bad_request', `The form cannot be read: ${wordsOfForm(messageOf(error))}`, {
      cause: error,
    });
  }
}

async function readParts(request: FastifyRequest, known: readonly string[]): Promise<Form> {
  const fields = new Map<string, string[]>();
  let picture: Picture | undefined;
  for await (const part of request.parts()) {
    if (part.type !== 'file') {
      if (!known.includes(part.fieldname)) throw unknownField(part.fieldname, known);
      fields.set(part.fieldname, [...(fields.get(part.fieldname) ?? []), String(part.value)]);
      continue;
    }
    if (part.fieldname !== 'image') {
      throw new ServeError(
        'bad_request',
        `There is no file field '${part.fieldname}': the picture's is 'image'.`,
      );
    }
    picture = await pictureFrom(part.file, roomFor(request));
    if (part.file.truncated) throw new ServeError('too_large', 'The picture is larger than is taken here.');
    if (picture.bytes.byteLength === 0) throw noPicture();
  }
  return { picture, fields };
}

/** A form is its picture and little else; where it does not say how long it is, the room grows. */
function roomFor(request: FastifyRequest): number {
  const length = Number(request.headers['content-length'] ?? SMALL_BODY);
  return Math.min(length, leaseOf(request)?.numBytes ?? SMALL_BODY);
}

function unknownField(name: string, known: readonly string[]): ServeError {
  if (name === 'image')
    return new ServeError(
      'bad_request',
      "The field 'image' is text, and a form has the picture as a file, as curl -F image=@photo.jpg sends it.",
    );
  const names = known.length === 0 ? 'none but the file image is' : `${known.join(', ')} are`;
  return new ServeError('bad_request', `There is no field '${name}': ${names} known.`);
}

/** The fields as the schemas want them. */
function settingsOf(form: Form) {
  if (form.picture === undefined && !form.fields.has('imageId')) throw noPicture();
  const [topK, imageId, model] = [one(form, 'topK'), one(form, 'imageId'), one(form, 'model')];
  const regions = one(form, 'regions');
  return {
    // The picture follows beside it; the schema is told of one all the same.
    ...(form.picture === undefined ? {} : { image: 'AAAA' }),
    ...(imageId === undefined ? {} : { imageId }),
    ...(model === undefined ? {} : { model }),
    ...(topK === undefined ? {} : { topK: numberOf(topK) }),
    ...(regions === undefined ? {} : { regions: { true: true, false: false }[regions] ?? regions }),
  };
}

/** What is no number stays as it was sent, to be told of. */
function numberOf(text: string): number | string {
  const number = Number(text);
  return text.trim() === '' || !Number.isFinite(number) ? text : number;
}

/** @throws ServeError when there are several */
function one({ fields }: Form, name: string): string | undefined {
  const [value, ...more] = fields.get(name) ?? [];
  if (more.length === 0) return value;
  throw new ServeError(
    'bad_request',
    `The field '${name}' is there ${more.length + 1} times: once is enough.`,
  );
}

function withPicture<Request extends object>({ picture }: Form, request: Request): WithPicture<Request> {
  return picture === undefined ? request : { ...request, picture };
}
