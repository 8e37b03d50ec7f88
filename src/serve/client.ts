/** @file A client of the server for Node.js and browsers: it needs nothing but `fetch`. */

import type { AnswerResponse, FeaturesResponse } from './api.js';

/** A picture: the bytes of its file, the id of an earlier response, or features that were found elsewhere. */
export type ClientImage =
  | Blob
  | Uint8Array
  | { readonly imageId: string }
  | {
      readonly width: number;
      readonly height: number;
      /** x1, y1, x2, y2 in pixels. */
      readonly boxes: readonly (readonly [number, number, number, number])[];
      /** (boxes, feature size) */
      readonly features: Float32Array;
    };

export interface ClientOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  /** Another `fetch`, for tests. */
  readonly fetch?: typeof fetch;
}

export interface AskOptions {
  /** Answers to each question. Default 5. */
  readonly topK?: number;
  /** Give the regions with the answers. Default false. */
  readonly regions?: boolean;
  readonly signal?: AbortSignal;
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
    { topK, regions, signal }: AskOptions = {},
  ): Promise<AnswerResponse> {
    const settings = {
      ...(topK === undefined ? {} : { topK }),
      ...(regions === undefined ? {} : { regions }),
    };
    if (image instanceof Blob || image instanceof Uint8Array) {
      const form = new FormData();
      for (const question of questions) form.append('question', question);
      for (const [name, value] of Object.entries(settings)) form.append(name, String(value));
      form.append('image', asBlob(image), 'image');
      return await this.#post('/v1/answer', form, signal);
    }
    const subject =
      'imageId' in image ? image : { features: { ...image, features: toBase64(image.features) } };
    return await this.#post('/v1/answer', { ...subject, ...settings, questions }, signal);
  }

  /** The regions of a picture, with their features as numbers (regions, featureSize). */
  async features(
    image: Blob | Uint8Array,
    signal?: AbortSignal,
  ): Promise<Omit<FeaturesResponse, 'features'> & { features: Float32Array }> {
    const form = new FormData();
    form.append('image', asBlob(image), 'image');
    const response: FeaturesResponse = await this.#post('/v1/features', form, signal);
    return { ...response, features: fromBase64(response.features) };
  }

  async #post<Result>(
    route: string,
    body: FormData | object,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const isForm = body instanceof FormData;
    const response = await this.#fetch(`${this.#base}${route}`, {
      method: 'POST',
      headers: {
        ...(isForm ? {} : { 'content-type': 'application/json' }),
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      },
      body: isForm ? body : JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.ok) return (await response.json()) as Result;
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

function asBlob(image: Blob | Uint8Array): Blob {
  return image instanceof Blob ? image : new Blob([new Uint8Array(image)]);
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
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
