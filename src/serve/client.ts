/** @file A client of the server for Node.js and browsers: it needs nothing but `fetch`. */

import type { ExplanationMethod, TakenAway } from '../explain/removal.js';
import type {
  AnswerResponse,
  ExplainResponse,
  FeaturesResponse,
  ModelsResponse,
  RegionsResponse,
  SampleResponse,
} from './api.js';
import { readBase64, shownStart } from './base64.js';

/**
 * A picture: its file, or the same in base64 (as `FileReader.readAsDataURL` gives it, too), the id of an earlier response,
 * or features that were found elsewhere.
 */
export type ClientImage =
  | PictureFile
  | { readonly imageId: string }
  | {
      readonly width: number;
      readonly height: number;
      /** x1, y1, x2, y2 in pixels. */
      readonly boxes: readonly (readonly [number, number, number, number])[];
      /** (boxes, feature size) */
      readonly features: Float32Array;
    };

/** The bytes of a picture's file, or a text of base64 or a `data:` address of it. */
export type PictureFile = Blob | Uint8Array | string;

export interface ClientOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  /** Another `fetch`, for tests. */
  readonly fetch?: typeof fetch;
}

interface CommonOptions {
  /** Answers to give. Default 5. */
  readonly topK?: number;
  /** Name of the model to ask; the server's first without one. */
  readonly model?: string;
  readonly signal?: AbortSignal;
}

export interface ExplainOptions extends CommonOptions {
  /** By what the answers are explained. Default `relevance`; `removal` of exported models and of several together. */
  readonly method?: ExplanationMethod;
  /** With `removal`: these are taken away together, in place of each by itself. */
  readonly without?: TakenAway;
  /** Give the attention within words and within regions too. Default false. */
  readonly selfAttention?: boolean;
}

export interface AskOptions extends CommonOptions {
  /** Score these answers alone, all of them: multiple choice. */
  readonly choices?: readonly string[];
  /** Give the regions with the answers. Default false. */
  readonly regions?: boolean;
}

/** What the server refused, and why. */
export class LxmertClientError extends Error {
  constructor(
    message: string,
    /** Of HTTP. */
    readonly status: number,
    /** Such as `overloaded`. */
    readonly code: string,
    readonly requestId: string | undefined,
    /** Seconds after which to try again; undefined when trying again is of no use. */
    readonly retryAfter: number | undefined,
  ) {
    super(message);
    this.name = 'LxmertClientError';
  }
}

/**
 * ```ts
 * const client = new LxmertClient('http://127.0.0.1:8080');
 * const { results, imageId } = await client.answer(file, ['What is this?']);
 * const more = await client.answer({ imageId }, ['What color is it?']);
 * ```
 */
export class LxmertClient {
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #fetch: typeof fetch;

  /** @param address such as `http://127.0.0.1:8080` */
  constructor(address: string, options: ClientOptions = {}) {
    this.#base = address.replace(/\/+$/, '');
    this.#token = options.token;
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  /** @throws LxmertClientError for what the server refuses; what `fetch` throws when it cannot be reached */
  async answer(
    image: ClientImage,
    questions: readonly string[],
    { signal, choices, ...settings }: AskOptions = {},
  ): Promise<AnswerResponse> {
    return isFile(image)
      ? await this.#post('/v1/answer', formOf(image, settings, questions, choices), signal)
      : await this.#post('/v1/answer', { ...subjectOf(image), ...settings, questions, choices }, signal);
  }

  /** The answers to one question, and what they were found in. */
  async explain(
    image: ClientImage,
    question: string,
    { signal, without, ...settings }: ExplainOptions = {},
  ): Promise<ExplainResponse> {
    if (!isFile(image)) {
      const body = { ...subjectOf(image), ...settings, question, without };
      return await this.#post('/v1/explain', body, signal);
    }
    const named = { ...settings, without: without && JSON.stringify(without) };
    return await this.#post('/v1/explain', formOf(image, named, [question]), signal);
  }

  /** The regions of a picture. */
  async regions(image: PictureFile, signal?: AbortSignal): Promise<RegionsResponse> {
    return await this.#post('/v1/regions', formOf(image), signal);
  }

  /** The regions of a picture, with their features as numbers (regions, featureSize). */
  async features(
    image: PictureFile,
    signal?: AbortSignal,
  ): Promise<Omit<FeaturesResponse, 'features'> & { features: Float32Array }> {
    const response: FeaturesResponse = await this.#post('/v1/features', formOf(image), signal);
    return { ...response, features: fromBase64(response.features) };
  }

  /** The models that can be asked; the first is asked when none is named. */
  async models(signal?: AbortSignal): Promise<ModelsResponse> {
    return (await (await this.#send('/v1/models', { signal })).json()) as ModelsResponse;
  }

  /** Pictures to ask about: the server's own (`--images`), else drawn scenes for the sample world's model. */
  async samples(signal?: AbortSignal): Promise<{ samples: SampleResponse[] }> {
    return (await (await this.#send('/v1/samples', { signal })).json()) as { samples: SampleResponse[] };
  }

  /** A sample's picture, as PNG. */
  async samplePicture(name: string, signal?: AbortSignal): Promise<Blob> {
    return await (await this.#send(`/v1/samples/${encodeURIComponent(name)}.png`, { signal })).blob();
  }

  /** The same small, as WebP. */
  async sampleThumbnail(name: string, signal?: AbortSignal): Promise<Blob> {
    return await (await this.#send(`/v1/samples/${encodeURIComponent(name)}.webp`, { signal })).blob();
  }

  async #post<Result>(
    route: string,
    body: FormData | object,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const isForm = body instanceof FormData;
    const response = await this.#send(route, {
      signal,
      method: 'POST',
      headers: isForm ? {} : { 'content-type': 'application/json' },
      body: isForm ? body : JSON.stringify(body),
    });
    return (await response.json()) as Result;
  }

  async #send(
    route: string,
    {
      signal,
      headers = {},
      ...request
    }: {
      readonly signal: AbortSignal | undefined;
      readonly method?: string;
      readonly headers?: Record<string, string>;
      readonly body?: FormData | string;
    },
  ): Promise<Response> {
    const response = await this.#fetch(`${this.#base}${route}`, {
      ...request,
      headers: {
        ...headers,
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      },
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.ok) return response;
    const text = await response.text();
    const { code = 'unknown', message = text.slice(0, 200), requestId } = errorIn(text);
    const retryAfter = response.headers.get('retry-after');
    throw new LxmertClientError(
      message,
      response.status,
      code,
      requestId,
      retryAfter === null ? undefined : Number(retryAfter),
    );
  }
}

function errorIn(text: string): { code?: string; message?: string; requestId?: string } {
  try {
    return (JSON.parse(text) as { error?: object }).error ?? {};
  } catch {
    // A proxy in between may answer in words of its own.
    return {};
  }
}

type Settings = Readonly<Record<string, string | number | boolean | undefined>>;

function formOf(
  image: PictureFile,
  settings: Settings = {},
  questions: readonly string[] = [],
  choices: readonly string[] = [],
): FormData {
  const form = new FormData();
  for (const question of questions) form.append('question', question);
  for (const choice of choices) form.append('choice', choice);
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) form.append(name, String(value));
  }
  form.append('image', asBlob(image), 'image');
  return form;
}

function subjectOf(image: Exclude<ClientImage, PictureFile>): object {
  return 'imageId' in image
    ? { imageId: image.imageId }
    : { features: { ...image, features: toBase64(image.features) } };
}

function isFile(image: ClientImage): image is PictureFile {
  return image instanceof Blob || image instanceof Uint8Array || typeof image === 'string';
}

/** @throws TypeError for a text that is no base64 */
function asBlob(image: PictureFile): Blob {
  if (image instanceof Blob) return image;
  return new Blob([typeof image === 'string' ? bytesOf(image) : new Uint8Array(image)]);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const reading = readBase64(text);
  if ('problem' in reading) throw new TypeError(`The picture: ${reading.problem}.`);
  try {
    return bytesOfPlain(reading.base64);
  } catch {
    throw new TypeError(`The picture: expected base64, found other characters in ${shownStart(text)}.`);
  }
}

/** Browsers have no Buffer, and `btoa` takes one character for each byte. */
function toBase64(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000)
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

function fromBase64(text: string): Float32Array {
  return new Float32Array(bytesOfPlain(text).buffer);
}

function bytesOfPlain(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
