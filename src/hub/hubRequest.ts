/** @file Requests to the hub: the token for its own host alone, waits where it asks for some, and refusals as sentences. */

import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LxmertError, UsageError } from '../common/errors.js';
import {
  DEFAULT_FIRST_WAIT_MS,
  DEFAULT_NUM_ATTEMPTS,
  DEFAULT_STALL_MS,
  type FetchOptions,
} from '../data/download/fetchFile.js';
import { getHttp } from '../data/download/httpRequest.js';
import { growingWaitMs, isTemporaryStatus, MAX_WAIT_MS, retryAfterMs } from '../data/download/retryAfter.js';
import { TransferError } from '../data/download/transferError.js';
import type { HubSettings } from './hubSettings.js';

export interface HubRequestOptions
  extends Pick<FetchOptions, 'signal' | 'notice' | 'numAttempts' | 'stallMs' | 'firstWaitMs'> {
  readonly settings: HubSettings;
}

/** More than any list of a model's files has. */
const MAX_JSON_BYTES = 16e6;

/**
 * What the hub's library calls in place of `fetch`: GET requests to the hub alone.
 *
 * @param model how errors call what is asked about, such as `org/name@v1`
 * @throws UsageError, or LxmertError, when the hub refuses or cannot be reached
 */
export function hubFetch(model: string, options: HubRequestOptions): typeof fetch {
  const {
    settings,
    signal,
    notice,
    numAttempts = DEFAULT_NUM_ATTEMPTS,
    firstWaitMs = DEFAULT_FIRST_WAIT_MS,
    stallMs = DEFAULT_STALL_MS,
  } = options;
  return async (input, init) => {
    const address = String(input instanceof Request ? input.url : input);
    if (new URL(address).origin !== new URL(settings.endpoint).origin) {
      throw new LxmertError(
        `${settings.endpoint} names ${new URL(address).origin} for the list of ${model}'s files; another host is not asked.`,
      );
    }
    const headers = { ...plainHeaders(init?.headers), ...authorization(settings) };
    for (let numFailures = 1; ; numFailures++) {
      const answer = await once(address, headers, { stallMs, signal }).catch((error: unknown) => {
        if (!(error instanceof TransferError)) throw error;
        if (error.remedy === 'never' || numFailures >= numAttempts) throw unreachable(model, settings, error);
        return error;
      });
      if (answer instanceof Response) return answer;
      const isFailure = answer instanceof TransferError;
      if (!isFailure && (!isTemporaryStatus(answer.status) || numFailures >= numAttempts)) {
        throw refusal(model, answer, settings);
      }
      const asked = isFailure ? undefined : retryAfterMs(answer.headers['retry-after'], Date.now());
      const waitMs = asked ?? growingWaitMs(numFailures, firstWaitMs);
      if (!isFailure && waitMs > MAX_WAIT_MS) throw refusal(model, answer, settings);
      const what = isFailure ? answer.message : `answered ${answer.status}`;
      notice?.(`${settings.endpoint} ${what}; trying again in ${waitMs / 1000} s.`);
      await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
    }
  };
}

/** What a hub answered that gave nothing. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

async function once(
  address: string,
  headers: Readonly<Record<string, string>>,
  options: { readonly stallMs: number; readonly signal: AbortSignal | undefined },
): Promise<Response | HubAnswer> {
  const answer = await getHttp(address, headers, options);
  try {
    if (answer.status !== 200) return { status: answer.status, headers: answer.headers };
    const chunks: Buffer[] = [];
    let numBytes = 0;
    for await (const chunk of answer.body()) {
      numBytes += chunk.length;
      if (numBytes > MAX_JSON_BYTES)
        throw new TransferError('never', `sent a list of over ${MAX_JSON_BYTES / 1e6} MB`);
      chunks.push(chunk);
    }
    const { link } = answer.headers;
    return new Response(Buffer.concat(chunks), {
      headers: { 'content-type': 'application/json', ...(typeof link === 'string' && { link }) },
    });
  } finally {
    answer.close();
  }
}

function plainHeaders(headers: RequestInit['headers']): Record<string, string> {
  const plain: Record<string, string> = {};
  new Headers(headers).forEach((value, name) => {
    plain[name] = value;
  });
  return plain;
}

/** The token as a header, where nobody on the way reads it: over https, or to this machine. */
export function authorization({ token, endpoint }: HubSettings): Record<string, string> {
  const { protocol, hostname } = new URL(endpoint);
  const isPrivate = protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return token === undefined || !isPrivate ? {} : { authorization: `Bearer ${token}` };
}

function unreachable(model: string, { endpoint, cache }: HubSettings, error: TransferError): LxmertError {
  return new LxmertError(
    `There is no file or folder '${model}' here, nor a model of that name in the cache (${cache}), and the hub ${endpoint} ` +
      `${error.message}. HF_ENDPOINT names another hub.`,
    { cause: error },
  );
}

function refusal(model: string, answer: HubAnswer, settings: HubSettings): LxmertError {
  const { endpoint } = settings;
  const meaning = meaningOf(model, answer, settings);
  if (meaning !== undefined) return new UsageError(meaning);
  const said = saidBy(answer);
  const sentence = `The hub ${endpoint} answered ${answer.status} when asked for ${model}${said}.`;
  return new LxmertError(
    answer.status === 429
      ? `${sentence} It had too many requests; wait a while${settings.token === undefined ? ', or give a token (HF_TOKEN), which is allowed more' : ''}.`
      : sentence,
  );
}

/** What a refusal means for a person, as sentences; undefined for one that says itself all that is known. */
export function meaningOf(
  model: string,
  { status, headers }: HubAnswer,
  { endpoint, token, tokenFrom }: HubSettings,
): string | undefined {
  const code = headers['x-error-code'];
  const [name = model, revision] = model.split('@');
  if (code === 'GatedRepo' || (status === 403 && token === undefined)) {
    return `${name} is gated: its makers ask for an agreement first. Accept it at ${endpoint}/${name}, and give a token of that account (HF_TOKEN${token === undefined ? '' : `; that of ${tokenFrom} was not enough`}).`;
  }
  if (status === 403) {
    return `The token of ${tokenFrom} may not read ${name} on ${endpoint}.`;
  }
  if (code === 'RevisionNotFound') return `${name} on ${endpoint} has no revision '${revision ?? 'main'}'.`;
  if (status === 401 && token !== undefined && code !== 'RepoNotFound') {
    return `${endpoint} does not accept the token of ${tokenFrom}.`;
  }
  if (status === 401 || status === 404) {
    const how = token === undefined ? 'without a token (HF_TOKEN)' : `with the token of ${tokenFrom}`;
    return `There is no file or folder '${model}' here, and ${endpoint} has no model of that name that may be read ${how}.`;
  }
  return undefined;
}

/** The hub's own words, as far as they are plain. */
function saidBy({ headers }: HubAnswer): string {
  const text = String(headers['x-error-message'] ?? '')
    .replace(/[^\x20-\x7e]/g, '')
    .trim();
  return text === '' ? '' : ` ("${text.slice(0, 200)}")`;
}
